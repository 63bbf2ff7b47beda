// The line to the server: one request of each pane at a time, the newest next; it comes back by itself when it is lost.
import { pack, unpack } from "./wire.js";

const WAIT = [250, 500, 1000, 2000, 4000];

export class Line {
  // told(state): "open", "lost", "refused"
  constructor(token, told) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live?token=${encodeURIComponent(token)}`;
    this.told = told;
    this.number = 0;
    this.tries = 0;
    this.asked = new Map(); // id -> {pane, answer}
    this.busy = new Map(); // pane -> id
    this.next = new Map(); // pane -> make
    this.connect();
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.url));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.tries = 0;
      this.told("open");
    };
    socket.onmessage = ({ data }) => this.heard(unpack(data));
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) return;
      this.asked.clear();
      this.busy.clear();
      this.next.clear();
      this.told(code === 4429 ? "refused" : "lost", reason);
      setTimeout(() => this.connect(), WAIT[Math.min(this.tries++, WAIT.length - 1)]);
    };
  }

  // make() gives {head, parts} when it is this pane's turn, or null; answer({head, parts}) hears of it. True if sent now.
  // `at_once`: what runs is a search, which a newer request ends.
  ask(pane, make, answer, at_once = false) {
    if (!this.open) return false;
    if (this.busy.has(pane) && !at_once) {
      this.next.set(pane, [make, answer]);
      return false;
    }
    const made = make();
    if (!made) return false;
    const id = ++this.number;
    this.asked.set(id, { pane, answer });
    this.busy.set(pane, id);
    this.socket.send(pack({ ...made.head, id, pane }, made.parts));
    return true;
  }

  // What a search of this pane has so far is enough.
  stop(pane, model) {
    if (this.open) this.socket.send(pack({ id: ++this.number, pane, model, do: "stop" }));
  }

  heard(message) {
    const { head } = message;
    const asked = this.asked.get(head.id);
    if (!asked) return;
    if (head.last) {
      this.asked.delete(head.id);
      if (this.busy.get(asked.pane) === head.id) this.busy.delete(asked.pane);
    }
    asked.answer(message);
    if (head.last && this.next.has(asked.pane)) {
      const [make, answer] = this.next.get(asked.pane);
      this.next.delete(asked.pane);
      this.ask(asked.pane, make, answer);
    }
  }
}
