/**
 * The JSON shapes of the HTTP API, for the type checker. No code.
 *
 * @typedef {{codec: string, width: number, height: number, fps: number, kbps: number}} VideoInfo
 *
 * @typedef {'auto' | 'on' | 'off' | 'regions' | 'frames'} TeamChoice
 *
 * @typedef {object} Steering an operator's say in who helps
 * @property {TeamChoice} [team]
 * @property {string[]} [pinned] workers that help whenever they can
 * @property {string[]} [excluded] workers that must not help
 *
 * @typedef {{model: string, factor: number, codec: string, kbps: number} & Steering} RenditionSpec
 * what an operator chooses of a rendition; empty and 0 leave the choice to the worker
 *
 * @typedef {object} TeamHelper a helper as the lead sees it; figures are per second
 * @property {string} name
 * @property {number} round_trip_ms
 * @property {number} in_time results
 * @property {number} late results
 * @property {number} fraction part of all that the net made for the rendition
 * @property {number} kbps of its results
 *
 * @typedef {{mode: string, reason: string, devices: TeamHelper[]}} Team
 *
 * @typedef {{pictures: number, consistency_db: number, sharpness: number, gain_db: number | null, gain_error_db: number | null}} Quality
 *
 * @typedef {{cpu_seconds: number, cpu_seconds_per_hour: number | null, watt_hours_per_hour: number | null}} Cost
 *
 * @typedef {object} RenditionFacts
 * @property {string} name `source`, `enhanced`, or what an operator called it
 * @property {string} of the rendition that it is in another codec, for viewers who lack the usual one; else empty
 * @property {number} viewers
 * @property {string} state of enhancement; empty for the source and for what is `of` another one
 * @property {string} reason a sentence, empty while all is well
 * @property {string} model in use
 * @property {RenditionSpec | null} spec null where no operator chooses it
 * @property {string} [worker] its lead
 * @property {Team | null} [team] null where nobody makes it
 * @property {Quality | null} [quality] what its pictures are worth; null while nothing is measured
 * @property {Cost | null} [cost] what it takes of its lead's machine; null without a lead
 * @typedef {VideoInfo & RenditionFacts} Rendition
 *
 * @typedef {{p50: number, p95: number}} Quantiles milliseconds
 * @typedef {Quantiles & {name: string}} Stage
 * @typedef {{samples: number, total: Quantiles, stages: Stage[]}} Latency
 *
 * @typedef {object} Enhancement
 * @property {boolean} enabled
 * @property {string} model
 * @property {number} strength the style in effect: 0 is faithful, 1 is crisp
 * @property {boolean} adjustable whether the model has both styles
 * @property {'enhancing'|'idle'|'starting'|'bypass'|'off'|'waiting'} state
 * @property {string} reason a sentence, empty while all is well
 * @property {string} worker
 * @property {string} engine
 *
 * @typedef {object} FrameCounts
 * @property {number} in
 * @property {number} out
 * @property {number} enhanced
 * @property {number} bicubic
 * @property {number} bypassed
 * @property {Record<string, number>} dropped by reason
 * @property {Record<string, Record<string, number>>} levels by quality level, then by reason
 *
 * @typedef {object} Stream
 * @property {string} id
 * @property {string} state `live` while somebody publishes
 * @property {string} reason why the publisher's pictures cannot be seen, or not rightly; else empty
 * @property {string} started_at
 * @property {boolean} audio
 * @property {number} viewers
 * @property {VideoInfo} source
 * @property {Rendition[]} renditions
 * @property {Enhancement} enhancement
 * @property {FrameCounts} frames
 * @property {Latency} latency_ms
 * @property {'public' | 'unlisted' | 'token'} [view] who may watch it
 * @property {StreamRecording | null} [recording]
 *
 * @typedef {'off' | 'source' | 'enhanced' | 'both'} RecordMode
 * @typedef {object} RecordingPart one rendition that is being recorded
 * @property {string} rendition
 * @property {string} state `waiting`, `recording`, `held` or `lost`
 * @property {string} reason a sentence, empty while all is well
 * @property {number} bytes written
 * @typedef {{mode: RecordMode, chosen: boolean, parts: RecordingPart[]}} StreamRecording
 *
 * @typedef {{token: string, stream: string, expires_at: string}} NewViewToken
 *
 * @typedef {object} PictureMap which device made which part of the picture
 * @property {number} width of the decoded picture
 * @property {number} height
 * @property {number} cell side of a square cell, in the same unit
 * @property {number} columns
 * @property {number} rows
 * @property {string[]} devices the lead first
 * @property {string} cells row by row: a place in `devices` as a hexadecimal digit, or `.`
 *
 * @typedef {object} TeamMapView
 * @property {string} worker that leads; empty while none does
 * @property {string[]} helpers that are ready
 * @property {PictureMap | null} map
 *
 * @typedef {{enhance?: boolean, model?: string, strength?: number} & Steering} StreamChange what an operator may change
 *
 * @typedef {object} WorkerStream
 * @property {string} stream
 * @property {string} state
 * @property {string} reason
 * @property {string} model
 * @property {string} engine
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 *
 * @typedef {object} Worker
 * @property {string} name
 * @property {string} state working, or draining
 * @property {string} host
 * @property {number} pid
 * @property {string} started_at
 * @property {string[]} engines
 * @property {string[]} models
 * @property {number} capacity
 * @property {number} load
 * @property {number} ms_per_frame
 * @property {number} engine_ms_per_s that nets took of the engine, over the last seconds
 * @property {number} given_ms_per_s that they may take of it, by what the cores have left
 * @property {number} cores whose time it may use
 * @property {boolean} composes that it leads streams, and leaves nets to helpers
 * @property {WorkerStream[]} streams
 * @property {WorkerHelp[]} helping leads that it helps
 * @property {number} declined invitations
 *
 * @typedef {object} WorkerHelp
 * @property {string} stream
 * @property {string} rendition
 * @property {string} lead
 * @property {string} state preparing, or ready
 * @property {string} model
 * @property {number} tasks_per_s
 * @property {number} busy part of the time that its tasks took
 * @property {Object<string, number>} outcomes tasks by outcome
 * @property {number} engine_ms
 *
 * @typedef {object} DeviceLink
 * @property {number} rtt_ms
 * @property {number} loss part of the packets to the device that is lost, 0 to 1
 * @property {number} rate_kbps what may be sent to it
 * @property {number} delivered_kbps
 * @property {number} queue_ms delay that stands in queues on the way
 * @property {number} queued_bytes that wait at the gateway
 * @property {number} silent_ms since it was heard
 * @property {Record<string, number>} messages by what became of them
 *
 * @typedef {object} Device
 * @property {string} name
 * @property {string} state joined, or away
 * @property {string} fingerprint of its certificate
 * @property {string} first_joined_at
 * @property {string} seen_at
 * @property {string} address
 * @property {string} gateway empty while it is away
 * @property {DeviceLink | null} link null while it is away
 * @property {{stream: string, rendition: string}[]} jobs
 *
 * @typedef {{id: string, name: string, expires_at: string}} WaitingToken a token that nobody has used
 * @typedef {WaitingToken & {token: string, gateway: string, command: string}} NewDevice
 * @typedef {{name: string, host: string, port: number, devices: number}} Gateway
 * @typedef {{gateways: Gateway[], devices: Device[], tokens: WaitingToken[]}} DeviceList
 *
 * @typedef {object} StreamKey a key for the streams of a name or pattern, without its secret
 * @property {string} id
 * @property {string} streams
 * @property {string} note
 * @property {string | null} expires_at
 * @property {boolean} is_expired
 * @property {string | null} old_secret_until
 * @property {string[]} live
 *
 * @typedef {{key: StreamKey, secret: string}} NewKey
 * @typedef {{streams: string, note: string, life_s: number, view: string, limits: {kbps: number}}} KeySettings
 * @typedef {{at: string, who: string, address: string, act: string, target: string, detail: string}} AuditEntry
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} title
 * @property {number} scale
 * @property {number} macs_per_pixel
 * @property {number} parameters
 * @property {string} licence
 * @property {string[]} precisions
 * @property {boolean} strength whether it has a faithful and a crisp style
 * @property {string} missing why no running worker can use it, in words; empty where one can
 *
 * @typedef {object} Server
 * @property {string} version
 * @property {string} instance of this run of the server: sessions do not outlive it
 * @property {boolean} publish_token_needed
 * @property {boolean} admin_token_needed
 * @property {RTCIceServer[]} ice_servers
 * @property {string} default_model
 * @property {import('./media/send-size.js').SendSize[]} send_sizes by growing size; empty while nobody enhances
 *
 * @typedef {object} Recording
 * @property {string} stream
 * @property {string} file
 * @property {string} rendition
 * @property {string} started_at
 * @property {number} length_s
 * @property {number} bytes
 * @property {string} codec
 * @property {number} width
 * @property {number} height
 * @property {boolean} audio
 * @property {string} broadcast the same for all recordings of one; empty where it is not known
 * @property {boolean} live
 * @property {{at_s: number, length_s: number}[]} gaps
 * @property {{at_s: number, viewers: number}[]} viewers
 *
 * @typedef {{recordings: Recording[], before: number | null, free_bytes: number | null}} RecordingList
 */

export {};
