// The phone: one call at a time, by JsSIP. It knows nothing of the page; what it has to say it says by `onChange`.

import JsSIP from "./jssip.js";
import { TicketSocket } from "./ticket_socket.js";
import { CALL_GONE, CONNECTION_LOST, NO_AUDIO, NO_AUDIO_NOW, isGone, noConnection, whyEnded, whyFailed } from "./words.js";

const AGAIN_MS = 100;
const CONNECT_MS = 15_000;
const AUDIBLE_MS = 10_000;
const LOST_MS = 1_500; // what is lost for so short a time comes back by itself
const TRY_AGAIN_MS = 8_000;
const GIVE_UP_MS = 40_000;

/** @typedef {"idle" | "connecting" | "ringing" | "up"} Phase */

export class Phone {
  /** @type {Phase} */
  phase = "idle";
  /** What there is to say about the last call, or about this one. */
  said = "";
  /** Whether that is about something that went wrong. */
  wrong = false;
  muted = false;
  held = false;
  /** When it was answered, by `performance.now()`. */
  since = 0;
  /** The SIP Call-ID of this call, or of the last one. */
  callId = "";
  #ticket;
  #onChange;
  #onAudio;
  /** @type {any} */
  #agent = null;
  /** @type {any} */
  #session = null;
  /** What the bot has asked for that a page does not do. */
  #transfer = "";
  /** Whether our audio gets through. */
  #audible = true;
  /** @type {TicketSocket | null} */
  #socket = null;
  /** Looks again and again whether audio that got through once does so again; ends that. */
  #stopSeeking = () => {};

  /**
   * @param {() => Promise<string>} ticket gets a ticket for a connection
   * @param {() => void} onChange is called after each change
   * @param {(stream: MediaStream) => void} onAudio gets what the other side says
   */
  constructor(ticket, onChange, onAudio) {
    this.#ticket = ticket;
    this.#onChange = onChange;
    this.#onAudio = onAudio;
  }

  /**
   * Call. `stream`: of the microphone; its owner stops it.
   * @param {string} caller
   * @param {string} called
   * @param {MediaStream} stream
   */
  call(caller, called, stream) {
    if (this.phase !== "idle") return;
    const socket = new TicketSocket(this.#ticket);
    this.#socket = socket;
    const agent = new JsSIP.UA({
      sockets: [socket],
      uri: String(new JsSIP.URI("sip", caller, location.hostname)),
      register: false,
      user_agent: "voicebot page",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
    });
    this.#agent = agent;
    this.#become("connecting", "");
    this.muted = this.held = false;
    this.#transfer = "";
    this.#audible = true;
    agent.on("connected", () => {
      if (agent !== this.#agent) return;
      if (this.#session) this.#tellWhereWeAre();
      else this.#invite(called, stream);
    });
    agent.on("disconnected", () => {
      if (agent !== this.#agent) return;
      if (this.#session && this.phase === "up") this.#sayState();
      else this.#end(socket.refused?.message ?? noConnection(), true);
    });
    agent.start();
    setTimeout(() => agent === this.#agent && this.phase === "connecting" && this.#end(noConnection(), true), CONNECT_MS);
  }

  hangUp() {
    if (this.#session?.isEnded() === false) this.#session.terminate();
    else this.#end("", false);
  }

  /** @param {string} key one of 0 to 9, *, #, A to D */
  press(key) {
    if (this.phase !== "up") return false;
    this.#session.sendDTMF(key, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833, duration: 120, interToneGap: 70 });
    return true;
  }

  toggleMute() {
    this.muted = !this.muted;
    this.#session?.[this.muted ? "mute" : "unmute"]({ audio: true });
    this.#onChange();
  }

  toggleHold() {
    if (this.phase !== "up") return;
    this.held = !this.held;
    this.#tellHold();
    this.#onChange();
  }

  /** This computer has lost its network, or has another one: what was connected over it is not, though it may take minutes
      until the browser says so. A call that is up goes on over another connection. */
  networkChanged() {
    if (this.phase === "up") this.#connectAgain();
  }

  // --- the call

  /**
   * @param {string} called
   * @param {MediaStream} stream
   */
  #invite(called, stream) {
    this.#session = this.#agent.call(String(new JsSIP.URI("sip", called, location.hostname)), {
      mediaStream: stream,
      pcConfig: { iceServers: [] },
      eventHandlers: {
        peerconnection: (/** @type {any} */ { peerconnection }) => this.#watch(peerconnection),
        // The other side learns our addresses by our checks (ICE-lite): the first candidate is enough.
        icecandidate: (/** @type {any} */ { ready }) => ready(),
        progress: () => this.#become("ringing", ""),
        accepted: () => {
          this.since = performance.now();
          this.#become("up", "");
          this.#expectAudio();
        },
        refer: (/** @type {any} */ { request }) => this.#transferred(request),
        ended: (/** @type {any} */ { originator, cause }) => {
          this.#end(this.#transfer || whyEnded(originator, cause), isGone(cause));
        },
        failed: (/** @type {any} */ event) => this.#end(whyFailed(event), event.originator !== "local"),
      },
    });
    this.callId = this.#session._request?.call_id ?? "";
  }

  /** @param {RTCPeerConnection} connection */
  #watch(connection) {
    let found = false;
    connection.addEventListener("track", ({ streams }) => this.#onAudio(streams[0]));
    connection.addEventListener("iceconnectionstatechange", () => {
      const state = connection.iceConnectionState;
      const audible = state === "connected" || state === "completed";
      if (audible) {
        found = this.#audible = true;
        this.#stopSeeking();
      } else if (state === "disconnected" || (state === "failed" && found)) {
        if (this.#audible) this.#seek(connection);
        this.#audible = false;
      } else if (state === "failed") {
        return this.#giveUp(this.#whyNoAudio());
      }
      this.#sayState();
    });
  }

  /** Audio that got through does not any more, as where this computer has another network now. @param {RTCPeerConnection} connection */
  #seek(connection) {
    const since = performance.now();
    const again = () => {
      if (performance.now() - since > GIVE_UP_MS) return this.#giveUp(this.#whyNoAudio());
      this.#stopSeeking = stop(setTimeout(again, TRY_AGAIN_MS));
      if (navigator.onLine) this.#connectAgain(); // and then the audio is sought
    };
    this.#stopSeeking = stop(setTimeout(again, LOST_MS));
  }

  /** Not while something is being agreed: JsSIP ends a call whose connection breaks then. */
  #connectAgain() {
    if (this.#session.isReadyToReOffer()) this.#socket?.renew();
  }

  #whyNoAudio() {
    return this.#agent?.isConnected() && navigator.onLine ? NO_AUDIO : noConnection();
  }

  /** Browsers take longer to find out that no audio gets through than anybody waits. */
  #expectAudio() {
    const session = this.#session;
    setTimeout(() => {
      const found = ["connected", "completed"].includes(session.connection?.iceConnectionState);
      if (session === this.#session && !found && this.#audible) this.#giveUp(NO_AUDIO);
    }, AUDIBLE_MS);
  }

  /** Over a connection that was made again: the other side learns where we are now, and we whether it still has us. If no
      audio gets through, it learns that, too: by new credentials for the checks that find a way (RFC 8839 4.4.1.1). */
  #tellWhereWeAre() {
    const gone = () => this.#giveUp(CALL_GONE);
    const offered = !this.#audible && this.#session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
    if (!offered) {
      this.#session.sendRequest("UPDATE", {
        extraHeaders: [`Contact: ${this.#session.contact}`],
        eventHandlers: { onDialogError: gone, onErrorResponse: gone },
      });
    }
    this.#sayState();
  }

  /** @param {string} why */
  #giveUp(why) {
    const session = this.#session;
    this.#end(why, true);
    if (session?.isEnded() === false) session.terminate();
  }

  /** Tell the other side whether it is on hold: as soon as nothing else is being agreed with it. */
  #tellHold() {
    const session = this.#session;
    if (!session || session.isOnHold().local === this.held) return;
    const told = this.#agent.isConnected() && session[this.held ? "hold" : "unhold"]();
    if (!told) setTimeout(() => this.#tellHold(), AGAIN_MS);
  }

  /** The bot sends us to somebody else. This page calls nobody but the bot: it says so, and takes it as done. */
  #transferred(/** @type {any} */ request) {
    const target = request.refer_to.uri.user ?? request.refer_to.uri;
    this.#transfer = `Transferred to ${target}: that is where a phone would go now.`;
    this.#sayState();
    this.#session.sendRequest("NOTIFY", {
      extraHeaders: [
        `Event: refer;id=${request.cseq}`,
        "Subscription-State: terminated;reason=noresource",
        "Content-Type: message/sipfrag;version=2.0",
        `Contact: ${this.#session.contact}`,
      ],
      body: "SIP/2.0 200 OK",
    });
  }

  /**
   * @param {string} said
   * @param {boolean} wrong
   */
  #end(said, wrong) {
    if (this.phase === "idle") return;
    const agent = this.#agent;
    this.#agent = this.#session = this.#socket = null;
    this.#stopSeeking();
    this.wrong = wrong;
    this.#become("idle", said);
    agent?.stop();
  }

  /**
   * @param {Phase} phase
   * @param {string} said
   */
  #become(phase, said) {
    this.phase = phase;
    if (phase !== "idle") this.wrong = false;
    this.#say(said);
  }

  /** What there is to say about a call that is up. */
  #sayState() {
    if (this.phase !== "up") return;
    this.#say(!this.#agent.isConnected() ? CONNECTION_LOST : this.#audible ? this.#transfer : NO_AUDIO_NOW);
  }

  /** @param {string} said */
  #say(said) {
    this.said = said;
    this.#onChange();
  }
}

/** @param {number} timer @returns {() => void} what stops it */
function stop(timer) {
  return () => clearTimeout(timer);
}
