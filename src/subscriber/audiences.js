import { Audience } from './audience.js';
/** The audiences there are, and which of them an update is for. */
export class Audiences {
    index;
    byKey = new Map();
    constructor(index) {
        this.index = index;
    }
    /** The audience of these matchers and grants, made if need be. Every call is answered by one `release`. */
    hold(matchers, granted) {
        const key = keyOf(matchers, granted);
        let audience = this.byKey.get(key);
        if (!audience) {
            audience = this.create(key, matchers, granted);
            this.byKey.set(key, audience);
        }
        audience.holders++;
        return audience;
    }
    release(audience) {
        if (--audience.holders > 0)
            return;
        this.byKey.delete(audience.key);
        for (const entry of audience.listens)
            entry.listeners.delete(audience);
        for (const entry of audience.granted)
            entry.granted.delete(audience);
        for (const entry of [...audience.listens, ...audience.granted])
            this.index.release(entry);
    }
    get size() {
        return this.byKey.size;
    }
    /**
     * The audiences an update is for: those that listen to one of its topics and, when it is private, are granted
     * one of them, which may be another one. Yields where the caller may look at the clock.
     */
    *of(update) {
        const [first, ...others] = update.topics;
        let entries = yield* this.index.matching(first);
        for (const topic of others)
            entries = [...entries, ...(yield* this.index.matching(topic))];
        const listening = union(entries, 'listeners');
        if (!update.private)
            return listening;
        const granted = union(entries, 'granted');
        // Either side may be everybody (all listen to `*`, or all were granted it): walk the smaller.
        return listening.size < granted.size ? both(listening, granted) : both(granted, listening);
    }
    create(key, matchers, granted) {
        const held = [];
        const acquire = (matcher) => {
            const entry = this.index.acquire(matcher);
            held.push(entry);
            return entry;
        };
        try {
            const audience = new Audience(key, matchers.map(acquire), granted.map(acquire));
            for (const entry of audience.listens)
                entry.listeners.add(audience);
            for (const entry of audience.granted)
                entry.granted.add(audience);
            return audience;
        }
        catch (error) {
            for (const entry of held)
                this.index.release(entry);
            throw error;
        }
    }
}
/**
 * Canonical JSON of the sorted matchers and grants. Not joined strings: any separator may stand inside a pattern,
 * and two audiences with one key would be each other's leak.
 */
function keyOf(matchers, granted) {
    return JSON.stringify([canonical(matchers), canonical(granted)]);
}
function canonical(matchers) {
    return [...new Set(matchers.map(({ type, pattern }) => JSON.stringify([type, pattern])))].toSorted();
}
const NOBODY = new Set();
function union(entries, side) {
    const sets = entries.map((entry) => entry[side]).filter((set) => set.size > 0);
    if (sets.length < 2)
        return sets[0] ?? NOBODY;
    const all = new Set();
    for (const set of sets)
        for (const audience of set)
            all.add(audience);
    return all;
}
function both(smaller, larger) {
    return [...smaller].filter((audience) => larger.has(audience));
}
//# sourceMappingURL=audiences.js.map