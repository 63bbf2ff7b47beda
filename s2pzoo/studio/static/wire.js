// Messages, both ways: a head in JSON, and pictures behind it as bytes (s2pzoo/studio/wire.py).

export function pack(head, parts = []) {
  const told = new TextEncoder().encode(JSON.stringify({ ...head, sizes: parts.map((part) => part.length) }));
  const message = new Uint8Array(4 + told.length + parts.reduce((sum, part) => sum + part.length, 0));
  new DataView(message.buffer).setUint32(0, told.length, true);
  message.set(told, 4);
  let at = 4 + told.length;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const parts = head.sizes.map((size) => new Uint8Array(buffer, (at += size) - size, size));
  return { head, parts };
}
