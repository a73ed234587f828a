// How well a statement is supported: its mark, and what the mark means.

export const VERDICTS = {
  corroborated: ["●", "independent origins say so"],
  single_source: ["○", "one origin says so"],
  possible_conflict: ["◐", "another source may say otherwise"],
  superseded: ["◌", "a newer edition says otherwise"],
};
