// Shows why no sound comes, in the language of the page: the words of a cause are English.

/** Shows in `place` the sentence about `kind`, if the page has one, and the words if they say more. */
export function explain(place, kind, words) {
  const sentences = place.closest("[data-causes]")?.dataset.causes;
  const sentence = sentences && JSON.parse(sentences)[kind];
  if (!sentence) {
    place.textContent = words;
    return;
  }
  place.textContent = sentence.said;
  if (!sentence.more) return;
  const exactly = document.createElement("small");
  exactly.className = "words";
  exactly.lang = "en";
  exactly.textContent = words;
  place.append(" ", exactly);
}
