// What pages ask by plain requests.
export const token = new URLSearchParams(location.search).get("token") ?? "";

export async function api(path, { query = {}, ...how } = {}) {
  let answer;
  try {
    answer = await fetch(`/api/${path}?${new URLSearchParams({ ...query, token })}`, how);
  } catch {
    throw { what: "The studio's server does not answer.", fix: "Is s2pzoo studio still running?" };
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw told.error ?? { what: `The server answered ${answer.status}.` };
  return told;
}

// An error in words.
export const words = (error) => [error?.what ?? String(error), error?.why, error?.fix].filter(Boolean).join(" ");

export const upload = (blob) => api("pictures", { method: "POST", body: blob });
export const read = (file, model) => api("drawings", { method: "POST", body: file, query: { name: file.name ?? "", model } });
