// The API as functions. A failure carries the problem that the API described it by.

const TOKEN = "synapse-token";
const LOOK_EVERY = 2000;

/** What the API refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? "the API does not answer");
    this.status = status;
    this.problem = problem;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (value) => (value ? sessionStorage.setItem(TOKEN, value) : sessionStorage.removeItem(TOKEN)),
};

/** A request of this page: with the token if there is one. Raises ApiError for anything but success. */
export async function request(path, options = {}) {
  const headers = new Headers(options.headers);
  if (token.get()) headers.set("Authorization", `Bearer ${token.get()}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    online(false);
    throw new ApiError(0, null);
  }
  online(true);
  if (response.ok) return response;
  const kind = response.headers.get("content-type") ?? "";
  throw new ApiError(response.status, kind.includes("json") ? await response.json() : { title: response.statusText, detail: `HTTP ${response.status}` });
}

export async function get(path, signal) {
  return (await request(path, { headers: { Accept: "application/json" }, signal })).json();
}

export async function post(path, body = undefined, headers = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
  return (await request(path, { method: "POST", ...sent })).json();
}

export async function remove(path) {
  await request(path, { method: "DELETE" });
}

let looking = 0;

/** Show whether the API answers. While it does not it is looked for, and the event `synapse-back` tells that it was found. */
export function online(yes) {
  const notice = document.getElementById("offline");
  if (!yes && notice.hidden) {
    document.getElementById("offline-since").textContent = new Date().toLocaleTimeString();
    document.getElementById("offline-why").textContent = navigator.onLine ? "The API does not answer" : "This device is offline";
    looking = setTimeout(look, LOOK_EVERY);
  }
  if (yes && !notice.hidden) {
    clearTimeout(looking);
    dispatchEvent(new Event("synapse-back"));
  }
  notice.hidden = yes;
}

async function look() {
  const there = await fetch("healthz", { credentials: "omit" }).then((answer) => answer.status < 500, () => false);
  if (document.getElementById("offline").hidden) return;
  if (there) online(true);
  else looking = setTimeout(look, LOOK_EVERY);
}

window.addEventListener("online", () => { if (!document.getElementById("offline").hidden) look(); });
