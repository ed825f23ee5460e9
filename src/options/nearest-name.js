/** The known name an unknown one most likely means, with how many edits apart they are. */
export function nearestName(unknown, known) {
    return known
        .map((name) => ({ name, edits: editDistance(unknown.toLowerCase(), name.toLowerCase()) }))
        .toSorted((a, b) => a.edits - b.edits)[0];
}
/** Levenshtein: insertions, deletions and substitutions. */
function editDistance(a, b) {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const substituted = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min(row[j] + 1, next[j - 1] + 1, substituted));
        }
        row = next;
    }
    return row[b.length];
}
//# sourceMappingURL=nearest-name.js.map