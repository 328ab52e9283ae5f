// What is known of one call, from its events. No document here.

export const ROLES = { CUSTOMER: "Caller", AGENT: "Agent", SYSTEM: "Bot", OTHER: "Other" };

export class Call {
  constructor(id) {
    this.id = id;
    this.participants = new Map();
    this.lines = new Map(); // utterances by id
    this.marks = []; // changes of listening
    this.sentiments = new Map(); // by utterance
    this.suggestions = new Map();
    this.checklist = new Map();
    this.troubles = new Map();
    this.summary = null;
    this.listening = true;
    this.ended = false;
    this.missed = false;
  }

  /** Takes an event. Returns which part of the page it changes. */
  apply(event) {
    switch (event.EventType) {
      case "Participants":
        this.participants = new Map(event.Participants.map((party) => [party.ParticipantId, party]));
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

  /** The role and name of a party. */
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

  /** For each party, when and how its trend was, the caller's first: [{id, points: [{at, trend}]}]. */
  trends() {
    const parties = new Map();
    for (const mood of this.sentiments.values()) {
      const line = this.lines.get(mood.UtteranceId);
      if (!line) continue;
      const points = parties.get(line.ParticipantId) ?? [];
      points.push({ at: line.EndOffsetMillis, trend: mood.Trend });
      parties.set(line.ParticipantId, points);
    }
    for (const points of parties.values()) points.sort((one, other) => one.at - other.at);
    const first = (id) => Number(this.participants.get(id)?.ParticipantRole !== "CUSTOMER");
    return [...parties].map(([id, points]) => ({ id, points })).sort((one, other) => first(one.id) - first(other.id));
  }
}

/** The number, or the user of an address. */
function number(address) {
  const uri = address.match(/^(?:sips?|tel):([^@;]+)/);
  return uri ? uri[1] : address;
}
