// Texts as bots have them said, and what they take those of callers for.

/** @type {Record<string, string>} */
const SIGNS = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** What is said, without the marks of SSML. No parser of the browser's is asked: the page's policy forbids it.
    @param {string} text */
export function plain(text) {
  if (!/^\s*<(\?xml|speak)\b/.test(text)) return text;
  const said = text.replace(/<[^<>]*>/g, " ").replace(/\s+/g, " ").replace(/ (?=[.,;:!?])/g, "").trim();
  return said.replace(/&(lt|gt|amp|quot|apos);/g, (_, name) => SIGNS[name]) || text;
}

/** What an answer was taken for. @param {string} took @param {string | null | undefined} value null: it is private; undefined: it is not told */
export function taken(took, value) {
  return value === null ? `taken for ${took}, which is hidden` : value ? `taken for ${took}: ${value}` : `taken for: ${took}`;
}
