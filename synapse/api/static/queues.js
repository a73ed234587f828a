// Queues and workers at a glance: what waits, for how long, and who takes it.

import { get } from "./api.js";
import { empty, fill, h, trouble, wide } from "./dom.js";
import { count, duration } from "./format.js";
import { links, ofQueues, ofWorker } from "./links.js";

const EVERY = 5000;

export async function queues(place, { signal }) {
  const waiting = h("div"), working = h("div");
  const named = await links();

  async function draw() {
    const [found, crew] = await Promise.all([get("v1/queues", signal), get("v1/workers", signal).catch((error) => error)]);
    if (signal.aborted) return;
    fill(waiting, found.unasked ? h("p", { class: "notice" }, `The broker was not asked: ${found.unasked}.`) : null, table(found.queues, found.unasked === null));
    fill(working, crew instanceof Error ? trouble(crew) : crew.unasked ? h("p", { class: "notice" }, `No worker was asked: ${crew.unasked}.`) : crew.workers.length ? roll(crew.workers, named) : nobody());
  }

  await draw();
  fill(place, h("div", { class: "head" }, h("h1", {}, "Queues and workers"), ofQueues(named)), h("h2", {}, "Queues"), waiting, h("h2", {}, "Workers"), working,
    h("p", { class: "hint" }, "Looks again every five seconds."));
  let looking = false;
  const timer = setInterval(async () => {
    // A broker that is slow to answer is not asked twice at once.
    if (document.hidden || looking) return;
    looking = true;
    await draw().catch(() => {});
    looking = false;
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}

const number = (value) => h("td", { class: "number" }, value === null ? "–" : String(value));

function table(found, asked) {
  return wide("Queues", h("table", {},
    h("thead", {}, h("tr", {}, ["Queue", "State", "Messages", "Consumers", "Steps ready", "Oldest waits", "Dead letters"].map((each, at) => h("th", { scope: "col", class: at > 1 ? "number" : null }, each)))),
    h("tbody", {}, found.map((each) => h("tr", {},
      h("th", { scope: "row" }, each.name), h("td", {}, told(each, asked)), number(each.messages), number(each.consumers), number(each.ready_steps),
      h("td", { class: "number" }, each.ready_steps ? duration(1000 * each.oldest_seconds) : ""),
      h("td", { class: "number" }, each.dead_letters ? h("a", { href: "#/dead-letters" }, String(each.dead_letters)) : "0"))))));
}

/** What somebody should look at, in a word: work that nobody takes first. */
function told(queue, asked) {
  const [word, kind] = asked && queue.consumers === 0 && queue.ready_steps ? ["nobody takes it", "failed"]
    : asked && queue.consumers === null && queue.ready_steps ? ["not at the broker", "failed"]
      : queue.ready_steps ? ["work waits", "running"] : ["empty", "idle"];
  return h("span", { class: `state ${kind}` }, word);
}

function roll(workers, named) {
  return wide("Workers", h("table", {},
    h("thead", {}, h("tr", {}, ["Worker", "State", "Busy", "Up for", "Version", "Takes from"].map((each) => h("th", { scope: "col", class: ["Busy", "Up for"].includes(each) ? "number" : null }, each)))),
    h("tbody", {}, workers.map((each) => h("tr", {},
      h("th", { scope: "row" }, ofWorker(named, each.name), h("br"), h("span", { class: "hint" }, `process ${each.pid}, ${each.pool}`)),
      h("td", {}, h("span", { class: `state ${each.stopping ? "waiting" : "succeeded"}` }, each.stopping ? "stopping" : "works")),
      h("td", { class: "number" }, `${each.busy} of ${each.slots}`), h("td", { class: "number" }, duration(1000 * each.uptime_seconds)), h("td", {}, each.version),
      h("td", {}, h("details", {}, h("summary", {}, count(each.queues.length, "queue")), each.queues.join(", "))))))));
}

function nobody() {
  return empty("No worker answers", h("p", {}, "Start one with ", h("code", {}, "celery -A synapse worker"), ". One that is stuck, or cut off from the broker, does not answer either."));
}
