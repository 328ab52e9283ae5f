// What is known of one call, from its events. No document here.

/**
 * An event of the API, with the fields that its `EventType` has (docs/assist.md).
 * @typedef {any} Event
 */

/** When and how the trend of a party was. @typedef {{id: string, points: {at: number, trend: number}[]}} Trend */

/** @type {Record<string, string>} */
export const ROLES = { CUSTOMER: "Caller", AGENT: "Agent", SYSTEM: "Bot", OTHER: "Other" };

export class Call {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    /** @type {Map<string, any>} */
    this.participants = new Map();
    /** @type {Map<string, Event>} */
    this.lines = new Map(); // utterances by id
    /** @type {Event[]} */
    this.marks = []; // changes of listening
    /** @type {Map<string, Event>} */
    this.sentiments = new Map(); // by utterance
    /** @type {Map<string, Event>} */
    this.suggestions = new Map();
    /** @type {Map<string, Event>} */
    this.checklist = new Map();
    /** @type {Map<string, Event>} */
    this.troubles = new Map();
    /** @type {Event | null} */
    this.summary = null;
    this.listening = true;
    this.ended = false;
    this.missed = false;
  }

  /** Takes an event. Returns which part of the page it changes. @param {Event} event */
  apply(event) {
    switch (event.EventType) {
      case "Participants":
        this.participants = new Map(event.Participants.map((/** @type {any} */ party) => [party.ParticipantId, party]));
        return "all";
      case "Utterance":
        if (event.Content) this.lines.set(event.UtteranceId, event);
        else this.lines.delete(event.UtteranceId); // it was nothing
        return "lines";
      case "Sentiment":
        this.sentiments.set(event.UtteranceId, event);
        return "moods";
      case "Suggestion":
        this.suggestions.set(event.SuggestionId, event);
        return "suggestions";
      case "ChecklistItem":
        this.checklist.set(event.ItemId, event);
        return "checklist";
      case "Listening":
        // A pause is told again when the client has agreed to send nothing: that is no other one.
        if (event.IsListening !== this.listening && !this.marks.some((mark) => mark.EventNumber === event.EventNumber)) {
          this.marks.push(event);
        }
        this.listening = event.IsListening;
        return "lines";
      case "Trouble":
        if (event.IsOver) this.troubles.delete(event.What + event.ParticipantId);
        else this.troubles.set(event.What + event.ParticipantId, event);
        return "state";
      case "Summary":
        this.summary = event;
        return "summary";
      case "Missed":
        this.missed = true;
        return "lines";
      case "Ended":
        this.ended = true;
        return "state";
      default:
        return "";
    }
  }

  /** The role and name of a party. @param {string} id @returns {{role: string, name: string}} */
  who(id) {
    const party = this.participants.get(id);
    const role = party ? ROLES[party.ParticipantRole] : ROLES.OTHER;
    return { role, name: party?.DisplayName || number(party?.Address ?? "") };
  }

  /** "Ada Miller, +15550100", or what is known of the caller. */
  title() {
    const parties = [...this.participants.values()];
    const caller = parties.find((party) => party.ParticipantRole === "CUSTOMER") ?? parties[0];
    if (!caller) return "A call";
    return [caller.DisplayName, number(caller.Address)].filter(Boolean).join(", ") || "Unknown caller";
  }

  /** Of each party, the caller's first. @returns {Trend[]} */
  trends() {
    /** @type {Map<string, Trend["points"]>} */
    const parties = new Map();
    for (const mood of this.sentiments.values()) {
      const line = this.lines.get(mood.UtteranceId);
      if (!line) continue;
      const points = parties.get(line.ParticipantId) ?? [];
      points.push({ at: line.EndOffsetMillis, trend: mood.Trend });
      parties.set(line.ParticipantId, points);
    }
    for (const points of parties.values()) points.sort((one, other) => one.at - other.at);
    const first = (/** @type {string} */ id) => Number(this.participants.get(id)?.ParticipantRole !== "CUSTOMER");
    return [...parties].map(([id, points]) => ({ id, points })).sort((one, other) => first(one.id) - first(other.id));
  }
}

/** The number, or the user of an address. @param {string} address */
function number(address) {
  const uri = address.match(/^(?:sips?|tel):([^@;]+)/);
  return uri ? uri[1] : address;
}
