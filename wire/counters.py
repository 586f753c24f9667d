"""The counters of app and workers, each registered once with name, unit, meaning and labels.

``/metrics`` shows each as ``sharpcast_NAME`` (with ``_total`` where it only grows), and
``GET /api/v1/counters`` as JSON. Workers' counters travel in their heartbeats.
"""

from __future__ import annotations

from wire.counter import Counter
from wire.side_counters import ACCESS_HOOK_QUESTIONS as ACCESS_HOOK_QUESTIONS
from wire.side_counters import JWKS_FETCHES as JWKS_FETCHES
from wire.side_counters import JWTS_REFUSED as JWTS_REFUSED
from wire.side_counters import RECORDING_BYTES as RECORDING_BYTES
from wire.side_counters import RECORDING_UNITS_DROPPED as RECORDING_UNITS_DROPPED
from wire.side_counters import RECORDINGS_FINISHED as RECORDINGS_FINISHED
from wire.side_counters import RECORDINGS_REMOVED as RECORDINGS_REMOVED
from wire.side_counters import RECORDINGS_UNTIDIED as RECORDINGS_UNTIDIED
from wire.side_counters import WEBHOOK_ATTEMPTS_FAILED as WEBHOOK_ATTEMPTS_FAILED
from wire.side_counters import WEBHOOKS_DROPPED as WEBHOOKS_DROPPED
from wire.side_counters import WEBHOOKS_SENT as WEBHOOKS_SENT

# Each combination of label values is a time series in Prometheus for as long as it keeps data. So
# labels hold only what is bounded by limits or tables: streams, their renditions, workers, reasons,
# never a client's own text. A counter has a label for everything that comes and goes on its own:
# Prometheus reads a sum that falls, since a part of it left, as a restart from zero.
_STREAM = ("stream",)
_READER = ("stream", "rendition")
_SESSION = ("stream", "worker")
"All renditions that a worker leads of a stream share one reader, decoder and mailbox."
_LEAD = ("stream", "worker", "rendition")

UNITS_IN = Counter(
    "units_in", "units", "Video units published here", _STREAM, ("IngestSession.units_in",)
)
UNITS_DROPPED = Counter(
    "units_dropped",
    "units",
    "Units not written to the log",
    ("stream", "reason"),
    ("IngestQueue.dropped",),
)
PICTURES_REFUSED = Counter(
    "pictures_refused",
    "pictures",
    "Pictures of a publisher that were not taken",
    ("stream", "reason"),
    ("VideoIntake.refused",),
)
PUBLISHER_PACKETS_UNUSED = Counter(
    "publisher_packets_unused",
    "packets",
    "Packets of a publisher that became part of no unit",
    ("stream", "reason"),
    (
        "VideoJitterBuffer.lost",
        "VideoJitterBuffer.late",
        "AudioJitterBuffer.late",
        "AudioJitterBuffer.oversize",
        "RtpReceiver.malformed_packets",
        "SsrcChoice.unheard",
    ),
)
UNITS_READ = Counter(
    "units_read", "units", "Video units read of a log", _READER, ("RenditionReader.units",)
)
UNITS_SKIPPED = Counter(
    "units_skipped",
    "units",
    "Video units read that nobody could decode",
    _READER,
    ("RenditionReader.skipped",),
)
HLS_UNITS_REFUSED = Counter(
    "hls_units_refused",
    "units",
    "Units that a present HLS packager could not put into MP4",
    _READER,
    ("Segmenter.unpackable",),
    only_grows=False,
)
UNITS_REPEATED = Counter(
    "units_repeated",
    "units",
    "Units that stood in a log twice, or that a writer wrote too late",
    _READER,
    ("RenditionReader.repeated", "LogReader.stale_units"),
)
ENTRIES_REFUSED = Counter(
    "entries_refused",
    "entries",
    "Entries of a log that are no batches",
    _READER,
    ("LogReader.bad_entries",),
)
MESSAGES_REFUSED = Counter(
    "messages_refused",
    "messages",
    "Entries of feedback that are no messages",
    _STREAM,
    ("Mailbox.bad_messages",),
)
VIEWER_UNITS_DROPPED = Counter(
    "viewer_units_dropped",
    "units",
    "Units present viewers did not get",
    ("reason",),
    ("SendQueue.dropped", "RtpFanout.dropped"),
    only_grows=False,
)
VIEWER_STALLS = Counter(
    "viewer_stalls",
    "stalls",
    "How often the source stood in for present viewers",
    (),
    ("RenditionSwitch.stalls",),
    only_grows=False,
)
VIEWER_ADAPTATIONS = Counter(
    "viewer_adaptations",
    "changes",
    "Changes of viewers to a smaller or a larger rendition, as their connections carry",
    ("direction",),
    ("ViewerAdapter.changes",),
)
PACKETS_REFUSED = Counter(
    "packets_refused",
    "packets",
    "Packets from the network that no peer took",
    ("reason",),
    ("PacketRefusals.refused", "PeerTable.refused"),
)
PACKETS_UNSENT = Counter(
    "packets_unsent",
    "packets",
    "Packets that the system, or a peer over TCP, did not take",
    (),
    ("TcpPort.unsent", "UdpPort.unsent"),
)
ICE_TCP_CONNECTIONS_REFUSED = Counter(
    "ice_tcp_connections_refused",
    "connections",
    "ICE-TCP connections above a limit",
    (),
    ("TcpPort.cut_off",),
)
REQUESTS_REFUSED = Counter(
    "requests_refused",
    "requests",
    "Requests, connections and sessions refused by a limit",
    ("limit",),
    (
        "Admission.refused",
        "BoundedThreads.refused",
        "BucketTable.refused",
        "ConnectionCounts.refused",
        "Packagers.refused",
        "Penalties.paused",
        "WrongTokens.refused",
    ),
)
NODE_REQUESTS_FORWARDED = Counter(
    "node_requests_forwarded",
    "requests",
    "Requests on sessions that were sent to the nodes that own them",
    (),
    ("SessionRouter.forwarded",),
)
NODE_MESSAGES_REFUSED = Counter(
    "node_messages_refused",
    "messages",
    "Entries of this node's mailbox that are no messages",
    (),
    ("Mailbox.bad_messages",),
)
BAD_JOBS = Counter(
    "bad_jobs",
    "entries",
    "Entries of the jobs stream that were no jobs, and were removed",
    ("worker",),
    ("JobQueue.bad_jobs",),
)
RENDITIONS_HANDED_OVER = Counter(
    "renditions_handed_over",
    "renditions",
    "Renditions that a worker handed to another one that holds them better",
    ("worker",),
    ("JobKeeper.handed_over",),
)
TEAM_MESSAGES_DROPPED = Counter(
    "team_messages_dropped",
    "messages",
    "Messages of teams that a worker dropped: late, unreadable, not sent, or for no lead any more",
    ("worker", "reason"),
    (
        "TeamMailbox.late",
        "TeamMailbox.bad_messages",
        "LinkTeam.late",
        "LinkTeam.bad_messages",
        "Helper.unsent",
        "TeamInbox.unclaimed",
    ),
)
HELPER_TASKS = Counter(
    "helper_tasks",
    "tasks",
    "Tasks of leads that a worker made, or did not for some reason",
    ("worker", "outcome"),
    ("HelperFigures.count",),
)
HELPER_ENGINE_SECONDS = Counter(
    "helper_engine_seconds",
    "seconds",
    "Engine time that tasks of leads took",
    ("worker",),
    ("HelperFigures.count",),
)
INVITATIONS_DECLINED = Counter(
    "invitations_declined",
    "invitations",
    "Invitations of leads that a worker declined",
    ("worker",),
    ("Helper.declined",),
)
FRAMES = Counter(
    "frames",
    "frames",
    "Frames since a worker leads the rendition, by quality level and reason",
    (*_LEAD, "level", "reason"),
    ("FrameCounters.count_level",),
)
LEAD_FRAMES = Counter(
    "lead_frames",
    "frames",
    "Frames since a worker leads the rendition: in, out, enhanced, bicubic, bypassed, key_frames",
    (*_LEAD, "what"),
    ("FrameCounters.count",),
)
LEAD_FRAMES_DROPPED = Counter(
    "lead_frames_dropped",
    "frames",
    "Frames that a lead did not put out",
    (*_LEAD, "reason"),
    ("FrameCounters.drop",),
)
LEAD_REPLAYED = Counter(
    "lead_replayed",
    "units",
    "Units that a lead only decoded, so that those after them could be",
    _LEAD,
    ("FrameCounters.count",),
)
SOURCE_DECODED = Counter(
    "source_decoded",
    "pictures",
    "Pictures decoded of a source, for all renditions of it that a worker leads",
    _SESSION,
    ("SourceDecoder.decoded",),
)
LEAD_REFUSED = Counter(
    "lead_refused",
    "entries",
    "What a worker did not take of a stream: entries of its log, stale units, messages",
    (*_SESSION, "what"),
    (
        "LogReader.bad_entries",
        "LogReader.stale_units",
        "LinkReader.bad_entries",
        "Mailbox.bad_messages",
    ),
)
TEMPORAL_WANTED = Counter(
    "temporal_wanted",
    "pictures",
    "Work that frames on temporal propagation asked the net for, in whole pictures",
    _LEAD,
    ("FrameCounters.count_refresh",),
)
TEMPORAL_DONE = Counter(
    "temporal_done",
    "pictures",
    "Work that the net did for frames on temporal propagation, in whole pictures",
    _LEAD,
    ("FrameCounters.count_refresh",),
)
NET_SAMPLES = Counter(
    "net_samples",
    "samples",
    "Decoded luma samples that the wanted net enlarged for frames in time, by device",
    (*_LEAD, "device"),
    ("FrameCounters.count_samples",),
)
TEAM_RESULTS = Counter(
    "team_results",
    "results",
    "Results of helpers by what became of them",
    (*_LEAD, "outcome"),
    ("FrameCounters.count_results", "TeamFrame.unreadable"),
)
RENDITION_FRAMES = Counter(
    "rendition_frames",
    "frames",
    "Frames of each log of a rendition since a worker leads it",
    _LEAD,
    ("LogPublisher.frames",),
)
RENDITION_KEY_FRAMES = Counter(
    "rendition_key_frames",
    "frames",
    "Key frames of each log of a rendition since a worker leads it",
    _LEAD,
    ("LogPublisher.key_frames",),
)
RENDITION_ENCODED = Counter(
    "rendition_encoded",
    "pictures",
    "Pictures that its encoder made, for all logs that it makes",
    _LEAD,
    ("EncodeStep.coded",),
)
RENDITION_REFINED = Counter(
    "rendition_refined",
    "pictures",
    "Pictures for which its encoder had time to do more than the least",
    _LEAD,
    ("EncodeStep.refined",),
)
RENDITION_LEFT_OUT = Counter(
    "rendition_left_out",
    "pictures",
    "Pictures that its encoder had no time for, while another one had",
    _LEAD,
    ("EncodeStep.left_out",),
)

RENDITION_CPU_SECONDS = Counter(
    "rendition_cpu_seconds",
    "seconds",
    "Processor time that a rendition has taken of its worker",
    _LEAD,
    ("CostMeter.cost",),
)
RENDITION_ENERGY_JOULES = Counter(
    "rendition_energy_joules",
    "joules",
    "Energy of its machine's processors that a rendition has taken, where the machine tells it",
    _LEAD,
    ("CostMeter.cost",),
)

GATEWAY_JOINS = Counter(
    "gateway_joins",
    "joins",
    "Joins of devices at a gateway",
    ("gateway",),
    ("Gateway.joins",),
)
GATEWAY_REFUSED = Counter(
    "gateway_refused",
    "joins",
    "What a gateway refused: devices by reason, datagrams of strangers, their events and messages; "
    "and what the system refused to send",
    ("gateway", "reason"),
    (
        "Gateway.refused",
        "BucketTable.refused",
        "Endpoint.dropped",
        "Endpoint.refused",
        "UdpSocket.unsent",
        "GatewaySession.bad_messages",
    ),
)
LINK_MESSAGES = Counter(
    "link_messages",
    "messages",
    "Messages of a joined device: sent to it, received, restored by parity, late, refused",
    ("device", "what"),
    ("DeviceSession.link",),
)

COUNTERS = tuple(value for value in globals().values() if isinstance(value, Counter))
"""All of them, in the order of this file."""
