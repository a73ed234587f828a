// What two reports have in common, statement by statement, and what became of those that changed. Nothing of the page is in here.

/** How much two statements must share to be one that changed: of 1, where all words are the same. */
const ALIKE = 0.6;

/** Statements that stand in both, that changed from one to the other, and that only one has. Each is {text, ...}. */
export function matched(left, right) {
  const both = [], rest = [...right];
  const first = left.filter((each) => {
    const at = rest.findIndex((other) => plain(other.text) === plain(each.text));
    if (at >= 0) both.push([each, ...rest.splice(at, 1)]);
    return at < 0;
  });
  const changed = pairs(first, rest);
  const gone = new Set(changed.flat());
  return { both, changed, left: first.filter((each) => !gone.has(each)), right: rest.filter((each) => !gone.has(each)) };
}

/** Pairs of statements that are alike, the likest first, each statement once; in the order of the first ones. */
function pairs(left, right) {
  const bags = new Map([...left, ...right].map((each) => [each, new Set(plain(each.text).split(" "))]));
  const found = left.flatMap((one) => right.map((other) => [alike(bags.get(one), bags.get(other)), one, other])).filter(([score]) => score >= ALIKE);
  const taken = new Set();
  const chosen = found.sort((one, other) => other[0] - one[0]).filter(([, one, other]) => !taken.has(one) && !taken.has(other) && taken.add(one).add(other));
  return chosen.map(([, one, other]) => [one, other]).sort(([one], [other]) => left.indexOf(one) - left.indexOf(other));
}

/** Dice's coefficient of two sets of words. */
function alike(one, other) {
  let shared = 0;
  for (const word of one) if (other.has(word)) shared += 1;
  return (2 * shared) / (one.size + other.size);
}

function plain(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}.%]+/gu, " ").replace(/\.(?=\s|$)/g, "").trim();
}

/** From one text to another, word by word: {kind: "same" | "gone" | "new", text}, by a longest common subsequence. */
export function words(before, after) {
  const [old, fresh] = [before, after].map((text) => text.split(/(?<=\s)/));
  const bare = (word) => word.trim();
  const longest = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      longest[i][j] = bare(old[i]) === bare(fresh[j]) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const parts = [];
  const add = (kind, text) => {
    if (parts.at(-1)?.kind === kind) parts.at(-1).text += text;
    else parts.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && bare(old[i]) === bare(fresh[j])) {
      add("same", fresh[j]);
      [i, j] = [i + 1, j + 1];
    } else if (i < old.length && (j === fresh.length || longest[i + 1][j] >= longest[i][j + 1])) add("gone", old[i++]);
    else add("new", fresh[j++]);
  }
  return parts;
}
