// Drawings in the browser's storage, each under a key of its own, so that two tabs never write over each other.

const PREFIX = "s2pzoo:drawing:";

export function save(id, drawing) {
  try {
    localStorage.setItem(PREFIX + id, JSON.stringify({ ...drawing, when: Date.now() }));
    return true;
  } catch {
    return false; // it is full
  }
}

export function load(id) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + id));
  } catch {
    return null;
  }
}

export const remove = (id) => localStorage.removeItem(PREFIX + id);

// [id, drawing] of all, the newest first.
export function all() {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => [key.slice(PREFIX.length), load(key.slice(PREFIX.length))])
    .filter(([, drawing]) => drawing)
    .sort(([, a], [, b]) => b.when - a.when);
}

export const fresh = () => Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");

// Settings, small ones.
export const setting = (name, usual) => {
  try {
    return JSON.parse(localStorage.getItem(`s2pzoo:${name}`)) ?? usual;
  } catch {
    return usual;
  }
};
export const set = (name, value) => {
  try {
    localStorage.setItem(`s2pzoo:${name}`, JSON.stringify(value));
  } catch {
    // it is full: for this visit alone, then
  }
};

// Whether this tab may write that drawing: one tab each, until it is closed.
let release = () => {};
export async function claim(id) {
  release();
  if (!navigator.locks) return true; // an address that is not of this machine, unencrypted
  return new Promise((told) => {
    navigator.locks.request(PREFIX + id, { ifAvailable: true }, (lock) => {
      told(!!lock);
      return lock && new Promise((done) => (release = done));
    });
  });
}
