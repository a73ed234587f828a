// A question is asked here; the form's limits are those of the workflow's own schema.

import { get, post } from "./api.js";
import { fill, h, trouble } from "./dom.js";
import { rows } from "./runs.js";
import { welcome } from "./welcome.js";

const DRAFT = "synapse-draft";
const LATELY = 5;

export async function ask(place, { signal }) {
  const [workflow, page] = await Promise.all([get("v1/workflows/research", signal), get("v1/runs?limit=20", signal)]);
  const properties = workflow.input.properties ?? {};
  const question = h("textarea", {
    id: "question", rows: "2", required: true, minlength: "3", maxlength: String(properties.question?.maxLength ?? 2000),
    placeholder: "A question that pages and documents can answer", input: () => sessionStorage.setItem(DRAFT, question.value),
  });
  question.value = sessionStorage.getItem(DRAFT) ?? "";
  const options = Object.entries(properties).filter(([name]) => name !== "question").map(([name, schema]) => option(name, schema, name === "corpus" ? named(page.runs) : []));
  const wrong = h("div");
  const button = h("button", { type: "submit", class: "primary" }, "Ask");

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    fill(wrong);
    const input = Object.fromEntries(options.map((each) => each.value()).filter(([, value]) => value !== null));
    try {
      const made = await post("v1/runs", { question: question.value.trim(), input }, { "Idempotency-Key": key(question.value, input) });
      sessionStorage.removeItem(DRAFT);
      sessionStorage.removeItem(`${DRAFT}-key`);
      location.hash = `#/runs/${made.id}`;
    } catch (error) {
      fill(wrong, trouble(error));
      button.disabled = false;
    }
  }

  fill(place,
    h("form", { class: "card ask", submit },
      h("h1", {}, h("label", { for: "question" }, "What do you want to know?")),
      question,
      h("details", {}, h("summary", {}, "Sources and limits"), h("div", { class: "options" }, options.map((each) => each.element))),
      wrong, h("div", { class: "actions" }, button, h("span", { class: "hint" }, "Ctrl + Enter asks, / comes back here"))),
    page.runs.length ? recent(page.runs.slice(0, LATELY)) : welcome((text) => {
      question.value = text;
      sessionStorage.setItem(DRAFT, text);
      question.focus();
    }));
  question.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) place.querySelector("form").requestSubmit();
  });
}

/** The same question asked twice by a double click, or after a lost answer, is one run. */
function key(question, input) {
  const asked = JSON.stringify([question, input]);
  const [before, kept] = JSON.parse(sessionStorage.getItem(`${DRAFT}-key`) ?? "[null, null]");
  const made = before === asked ? kept : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(`${DRAFT}-key`, JSON.stringify([asked, made]));
  return made;
}

function option(name, schema, known) {
  const numeric = schema.type === "integer" || schema.type === "number";
  const input = h("input", {
    id: `option-${name}`, type: numeric ? "number" : "text", "aria-describedby": `about-${name}`, autocomplete: "off",
    min: numeric ? String(schema.minimum ?? "") : null, max: numeric ? String(schema.maximum ?? "") : null,
    placeholder: schema.default === null || schema.default === undefined ? "" : String(schema.default), list: known.length ? `known-${name}` : null,
  });
  const value = () => [name, input.value === "" ? null : numeric ? Number(input.value) : input.value];
  const label = name.replaceAll("_", " ");
  const element = h("p", {}, h("label", { for: input.id }, label), input,
    known.length ? h("datalist", { id: `known-${name}` }, known.map((each) => h("option", { value: each }))) : null, h("span", { class: "hint", id: `about-${name}` }, schema.description ?? ""));
  return { element, value };
}

/** Corpora that were asked lately. */
function named(runs) {
  return [...new Set(runs.map((run) => run.input?.corpus).filter((name) => typeof name === "string"))];
}

function recent(found) {
  return h("section", {}, h("h2", {}, "Lately"), rows(found), h("p", {}, h("a", { href: "#/runs" }, "All runs")));
}
