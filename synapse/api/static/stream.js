// Server-sent events over fetch, which unlike EventSource can carry a token; and the way back after a broken connection.

import { ApiError, online, request } from "./api.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/** Cuts a stream's text into events: give it chunks, get {id, event, data} of those that are whole. */
export class Parser {
  #rest = "";

  push(chunk) {
    this.#rest += chunk.replaceAll("\r\n", "\n");
    const blocks = this.#rest.split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(read).filter((event) => event.data !== "");
  }
}

function read(block) {
  const event = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const [field, value] = colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (field === "data") event.data += event.data ? `\n${value}` : value;
    else if (field in event) event[field] = value;
  }
  return event;
}

/** Follow a run from behind event `after` until it ends or `signal` says so; each event comes once, in order, over any number of connections. */
export async function follow(run, after, told, signal) {
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    try {
      const ended = await once(run, after, (event) => {
        if (event.seq !== after + 1) throw new Gap();
        after = event.seq;
        pause = FIRST_PAUSE;
        told(event);
        return over(event);
      }, signal);
      if (ended) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
      if (!(error instanceof Gap) && !(error instanceof ApiError)) online(false);
    }
    await delay(pause, signal);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  }
}

class Gap extends Error {}

/** Whether nothing more comes after this event. */
export function over(event) {
  return ["run.succeeded", "run.failed", "run.cancelled"].includes(event.name);
}

async function once(run, after, told, signal) {
  const response = await request(`v1/runs/${run}/events`, { headers: { Accept: "text/event-stream", "Last-Event-ID": String(after) }, signal });
  if (response.status === 204) return true;
  const parser = new Parser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    for (const event of parser.push(value)) if (told(JSON.parse(event.data))) return true;
  }
}

function delay(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
