/**
 * The path segment of an entity: the kebab-case plural of its name. `Book` ⇒ `books`, `Category` ⇒ `categories`,
 * `BookReview` ⇒ `book-reviews`, `APIKey` ⇒ `api-keys`.
 *
 * The rules are the regular ones of English and no more, so that the result can be told from the name alone: after a
 * consonant `y` becomes `ies`; `s`, `x`, `z`, `ch`, `sh` take `es`; all else takes `s` (`Person` ⇒ `persons`). An
 * entity that wants another word says its `topic`.
 */
export function resourceName(entityName: string): string {
  return plural(kebab(entityName));
}

function kebab(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll(/[^A-Za-z\d]+/g, '-')
    .toLowerCase();
}

function plural(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}
