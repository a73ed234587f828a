// A definition is written here, checked without running it, and made the next version of a workflow of one's own.

import { get, request } from "./api.js";
import { fill, h, say, trouble } from "./dom.js";
import { picture, verdict } from "./workflows.js";

const DRAFT = "synapse-definition";
const EXAMPLE = `name: two-steps
description: Take a question apart.
input:
  type: object
  required: [question]
  properties:
    question: {type: string}
do:
  chain:
    - step: plan
      agent: orchestrator
      with: {question: input.question}
`;

export async function definition(place, { query, signal }) {
  const agents = await get("v1/agents", signal);
  const text = h("textarea", { id: "definition", class: "code", rows: "16", spellcheck: "false", autocomplete: "off", input: () => { sessionStorage.setItem(DRAFT, text.value); publish.disabled = true; } });
  text.value = query.has("from") ? await written(query, signal) : sessionStorage.getItem(DRAFT) ?? EXAMPLE;
  const told = h("div");
  const publish = h("button", { type: "button", id: "publish", disabled: true, click: make }, "Keep as a version");

  async function check(event) {
    event.preventDefault();
    publish.disabled = true;
    try {
      const found = await sent("v1/workflows/validate", text.value);
      if (signal.aborted) return;
      fill(told, verdict(found), found.definition ? picture(found.definition.do, agents) : null);
      publish.disabled = !found.valid;
    } catch (error) {
      if (!signal.aborted) fill(told, trouble(error));
    }
  }

  async function make() {
    publish.disabled = true;
    try {
      const made = await sent("v1/workflows", text.value);
      sessionStorage.removeItem(DRAFT);
      say(`Version ${made.version} of ${made.name} is kept`);
      location.hash = `#/workflows/${made.name}?version=${made.version}`;
    } catch (error) {
      fill(told, trouble(error));
    }
  }

  fill(place,
    h("form", { class: "card", submit: check },
      h("h1", {}, h("label", { for: "definition" }, "Check a definition")),
      h("p", { class: "hint" }, "In YAML or JSON. Checking keeps nothing and runs nothing. A kept version never changes; without a number of its own a definition gets the next one."),
      text, h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Check"), publish)),
    told);
}

async function sent(path, text) {
  return (await request(path, { method: "POST", body: text, headers: { "Content-Type": "application/yaml", Accept: "application/json" } })).json();
}

/** A version there is, without its number, so that what is made of it gets the next. */
async function written(query, signal) {
  const at = `v1/workflows/${encodeURIComponent(query.get("from"))}`;
  const { version, ...rest } = (await get(query.has("version") ? `${at}/versions/${encodeURIComponent(query.get("version"))}` : at, signal)).definition;
  return JSON.stringify(rest, null, 2);
}
