/**
 * Time, network and connections of the browser in the hands of a test.
 *
 * `harness.clock()`, `harness.network()` and `harness.peers()` put fakes of the browser's own interfaces in place;
 * `harness.restore()` takes all of them away again. The modules under test are the real ones.
 */
(() => {
  const undo = [];

  /** Shadows a property of the browser until `restore`. */
  function put(owner, name, descriptor) {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { configurable: true, ...descriptor });
    undo.push(() => {
      delete owner[name];
      if (before !== undefined) Object.defineProperty(owner, name, before);
    });
  }

  /** Runs a task when the test is over, before the fakes are taken away. */
  function atEnd(task) {
    undo.push(task);
  }

  /** Lets everything run that waits for promises or for the next turn of the event loop. */
  async function settle() {
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise((resolve) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          channel.port1.close();
          resolve(undefined);
        };
        channel.port2.postMessage(0);
      });
    }
  }

  /** Timers and `performance.now()` that move only by `advance`. */
  function clock(start = 1000) {
    let now = start;
    let last = 0;
    const timers = new Map();
    const plan = (every) => (task, ms = 0) => {
      last += 1;
      timers.set(last, { at: now + ms, task, every: every ? ms : null });
      return last;
    };
    const cancel = (id) => timers.delete(id);
    for (const [name, value] of Object.entries({
      setTimeout: plan(false), setInterval: plan(true), clearTimeout: cancel, clearInterval: cancel,
    })) put(window, name, { value, writable: true });
    put(performance, 'now', { value: () => now, writable: true });
    return {
      get now() { return now; },
      /** Milliseconds until each timer, soonest first. */
      get due() { return [...timers.values()].map((timer) => timer.at - now).sort((a, b) => a - b); },
      async advance(ms) {
        const end = now + ms;
        for (;;) {
          await settle();
          const next = [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
          if (next === undefined) break;
          const [id, timer] = next;
          now = Math.max(now, timer.at);
          if (timer.every === null) timers.delete(id);
          else timer.at += timer.every;
          timer.task();
        }
        now = end;
        await settle();
      },
    };
  }

  /**
   * A server in the page. `answer(method, path, request)` gives `[status, body, headers]`, or null: no answer at all.
   * An object as body is sent as JSON.
   */
  function network(answer) {
    const requests = [];
    const fetch = async (url, init = {}) => {
      const method = init.method ?? 'GET';
      const { pathname, search, searchParams } = new URL(url, location.href);
      // The name of the page's viewer is random, so it stands beside the path.
      const path = (pathname + search).replace(/[?&]viewer=[^&]*/, '');
      const request = { method, path, viewer: searchParams.get('viewer'), headers: { ...init.headers }, body: init.body ?? '' };
      requests.push(request);
      const given = await answer(method, pathname, request);
      if (given === null) throw new TypeError('Failed to fetch');
      const [status, body = '', headers = {}] = given;
      const isJson = typeof body === 'object' && body !== null;
      const kind = isJson ? { 'Content-Type': 'application/json' } : {};
      return new Response(isJson ? JSON.stringify(body) : body || null, { status, headers: { ...kind, ...headers } });
    };
    put(window, 'fetch', { value: fetch, writable: true });
    return requests;
  }

  const OFFER = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n';

  /** A connection whose states a test sets; it has the members that the pages use. */
  class FakePeer extends EventTarget {
    constructor(configuration) {
      super();
      this.configuration = configuration;
      this.signalingState = 'stable';
      this.connectionState = 'new';
      this.iceConnectionState = 'new';
      this.iceGatheringState = 'complete';
      this.localDescription = null;
      this.remoteDescription = null;
      this.transport = Object.assign(new EventTarget(), { state: 'new' });
      this.transceivers = [];
      this.report = new Map();
      /** What `setRemoteDescription` throws, if anything. */
      this.refusal = null;
    }

    addTransceiver(what, init) {
      const track = typeof what === 'string' ? null : what;
      const parameters = { encodings: [{}] };
      const sender = {
        track, transport: this.transport, applied: [],
        getParameters: () => structuredClone(parameters),
        setParameters: async (given) => void sender.applied.push(given),
      };
      const receiver = { transport: this.transport, jitterBufferTarget: null, playoutDelayHint: null };
      const transceiver = { what, init, sender, receiver, setCodecPreferences: (codecs) => (transceiver.codecs = codecs) };
      this.transceivers.push(transceiver);
      return transceiver;
    }

    getTransceivers() { return this.transceivers; }
    async createOffer() { return { type: 'offer', sdp: OFFER }; }
    async setLocalDescription(description) { this.localDescription = description; }
    async setRemoteDescription(description) {
      if (this.refusal !== null) throw this.refusal;
      this.remoteDescription = description;
    }
    async getStats() { return this.report; }

    close() {
      this.signalingState = 'closed';
      this.connectionState = 'closed';
    }

    /** The connection takes a state and says so. */
    become(state) {
      this.connectionState = state;
      if (state === 'connected') this.transport.state = 'connected';
      this.dispatchEvent(new Event('connectionstatechange'));
    }

    /** The other side closes its end of the encryption. */
    hearGoodbye() {
      this.transport.state = 'closed';
      this.transport.dispatchEvent(new Event('statechange'));
    }
  }

  /** All connections that are made from now on, in their order. */
  function peers() {
    const made = [];
    const kind = class extends FakePeer {
      constructor(configuration) {
        super(configuration);
        made.push(this);
      }
    };
    put(window, 'RTCPeerConnection', { value: kind, writable: true });
    return made;
  }

  /** Makes the document seem hidden or visible, and tells it. */
  function hide(isHidden) {
    put(document, 'hidden', { get: () => isHidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }

  /** Puts the body of one of the pages into the document, without its script. */
  async function load(path) {
    const text = await (await fetch(path)).text();
    document.body.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
  }

  /** Adds an element to the document and gives it back. */
  function show(element) {
    document.body.append(element);
    return element;
  }

  /** Takes the fakes away, once what is under way has met them: it must not go on with the real ones. */
  async function restore() {
    await settle();
    for (const back of undo.splice(0).reverse()) back();
    document.body.replaceChildren();
    sessionStorage.clear();
  }

  window.harness = { put, atEnd, settle, clock, network, peers, hide, load, show, restore, FakePeer };
})();
