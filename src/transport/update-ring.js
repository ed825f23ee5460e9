/** What an entry costs beside its text: objects, the index. */
const ENTRY_OVERHEAD = 200;
/** The newest of what is pushed, within bounds, by number and by id. Pushing, trimming and finding an id are O(1). */
export class UpdateRing {
    bounds;
    /** Slots before `head` are trimmed; they are cut off when they outnumber the rest. */
    entries = [];
    head = 0;
    bytes = 0;
    dropped = 0;
    /** The numbers an id was given, oldest first: an id may be reused, and means its first kept update. */
    numbersOfId = new Map();
    constructor(bounds) {
        this.bounds = bounds;
    }
    push(number, update) {
        const entry = { number, update, bytes: bytesOf(update), keptAt: performance.now(), madeAt: Date.now() };
        this.entries.push(entry);
        this.bytes += entry.bytes;
        const numbers = this.numbersOfId.get(update.id);
        if (numbers)
            numbers.push(number);
        else
            this.numbersOfId.set(update.id, [number]);
        this.trim();
    }
    /** The number of the newest update that is kept no more; 0: all are. */
    get droppedUpTo() {
        this.trim();
        return this.dropped;
    }
    get oldest() {
        this.trim();
        return this.entries[this.head];
    }
    /** The first kept update with an id. */
    numberOf(id) {
        this.trim();
        return this.numbersOfId.get(id)?.[0];
    }
    /** What is kept with numbers over `after`, oldest first. */
    *after(after) {
        this.trim();
        for (let index = this.indexAfter(after); index < this.entries.length; index++)
            yield this.entries[index];
    }
    /** Bisects: numbers rise, but not by one, where another ring has taken some. */
    indexAfter(after) {
        let low = this.head;
        let high = this.entries.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (this.entries[middle].number > after)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
    trim() {
        const { maxUpdates, maxBytes, maxAgeMs } = this.bounds;
        const tooOld = maxAgeMs === 0 ? -Infinity : performance.now() - maxAgeMs;
        while (this.head < this.entries.length) {
            const over = this.entries.length - this.head > maxUpdates ||
                (maxBytes !== 0 && this.bytes > maxBytes) ||
                this.entries[this.head].keptAt < tooOld;
            if (!over)
                break;
            this.dropOldest();
        }
        if (this.head > 1024 && this.head * 2 > this.entries.length) {
            this.entries = this.entries.slice(this.head);
            this.head = 0;
        }
    }
    dropOldest() {
        const { number, update, bytes } = this.entries[this.head];
        this.head++;
        this.bytes -= bytes;
        this.dropped = number;
        const numbers = this.numbersOfId.get(update.id);
        if (numbers.length === 1)
            this.numbersOfId.delete(update.id);
        else
            numbers.shift();
    }
}
function bytesOf(update) {
    let bytes = ENTRY_OVERHEAD + Buffer.byteLength(update.data) + Buffer.byteLength(update.id);
    for (const topic of update.topics)
        bytes += Buffer.byteLength(topic);
    return bytes;
}
//# sourceMappingURL=update-ring.js.map