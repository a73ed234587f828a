// What a run waits for, and how a person answers: approve, reject, or send what is asked for.

import { post } from "./api.js";
import { fill, h, say, trouble } from "./dom.js";
import { when } from "./format.js";

const MOST = 20;

/** A card for each thing that the run waits for; `asked` is the run's `waiting_for`, `done` is called after an answer was taken. */
export function waiting(run, asked, done) {
  if (!asked.length) return null;
  return h("section", { "aria-label": "Waiting for" }, h("h2", {}, "Waiting for"), asked.slice(0, MOST).map((each) => card(run, each, done)),
    asked.length > MOST ? h("p", { class: "hint" }, `and ${asked.length - MOST} more`) : null);
}

/** What of a run's steps would make other cards. */
export function mark(steps) {
  return JSON.stringify([...steps].filter((each) => each.waits).map((each) => [each.path, each.waits]));
}

function card(run, asked, done) {
  const until = asked.until ? `until ${when(asked.until)}` : "";
  const title = h("h3", { id: `waits-${asked.step}` }, asked.ask ?? { timer: "A time", signal: `The signal ${asked.signal}`, approval: "An approval" }[asked.kind]);
  return h("div", { class: "card", role: "group", "aria-labelledby": `waits-${asked.step}` }, title,
    h("p", { class: "hint" }, [asked.step, `since ${when(asked.since)}`, until].filter(Boolean).join(", ")),
    { timer: () => null, signal: message, approval: decision }[asked.kind](run, asked, done));
}

function decision(run, asked, done) {
  const comment = h("input", { id: `comment-${asked.step}`, maxlength: "2000", autocomplete: "off" });
  const decide = (approved) => () => ({ approved, ...(comment.value.trim() ? { comment: comment.value.trim() } : {}) });
  return [h("label", { for: comment.id }, "Comment"), comment,
    ...buttons(run, asked, done, [["Approve", "primary", decide(true)], ["Reject", "", decide(false)]])];
}

function message(run, asked, done) {
  const text = h("textarea", { id: `payload-${asked.step}`, rows: "3", spellcheck: "false", class: "code" });
  const described = Object.keys(asked.payload ?? {}).length;
  return [h("label", { for: text.id }, "Payload as JSON"), text,
    described ? h("details", {}, h("summary", {}, "What is expected"), h("pre", {}, JSON.stringify(asked.payload, null, 2))) : null,
    ...buttons(run, asked, done, [["Send", "primary", () => (text.value.trim() ? JSON.parse(text.value) : null)]])];
}

function buttons(run, asked, done, verbs) {
  const wrong = h("div");
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const made = verbs.map(([name, kind, payload]) => h("button", { type: "button", class: kind, id: `${name.toLowerCase()}-${asked.step}`, click: async () => {
    fill(wrong);
    for (const each of made) each.disabled = true;
    try {
      // Pressed again after a lost answer it is the same signal; another answer is another one.
      await post(`v1/runs/${run}/signals/${encodeURIComponent(asked.signal)}`, { payload: payload() }, { "Idempotency-Key": `${key}-${name}` });
      say(`${name}: ${asked.signal}`);
      done();
    } catch (error) {
      fill(wrong, trouble(error instanceof SyntaxError ? { problem: { title: "Not JSON", detail: error.message } } : error));
      for (const each of made) each.disabled = false;
    }
  } }, name));
  return [wrong, h("div", { class: "actions" }, made)];
}
