// The house's words as a page shows them: its APIs write reasons in one line without capital or full stop.

/** "the market is closed" → "The market is closed." A name with an underscore keeps its case: it is a field's. */
export function wholeSentence(text: string): string {
  const words = text.trim();
  if (words === "") return "";
  const begun = /^\w*_/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?…]["'”’)]?$/.test(begun) ? begun : `${begun}.`;
}
