// Texts as bots have them said.

const SIGNS = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** What is said, without the marks of SSML. No parser of the browser's is asked: the page's policy forbids it. */
export function plain(text) {
  if (!/^\s*<(\?xml|speak)\b/.test(text)) return text;
  const said = text.replace(/<[^<>]*>/g, " ").replace(/\s+/g, " ").replace(/ (?=[.,;:!?])/g, "").trim();
  return said.replace(/&(lt|gt|amp|quot|apos);/g, (_, name) => SIGNS[name]) || text;
}
