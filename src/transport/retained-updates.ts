import type { Numbered } from './update-ring.js';

/** The newest update of each topic, of the topics that were updated last; in the memory of one process. */
export class RetainedUpdates {
  /** In the order of their updates. */
  private readonly byTopic = new Map<string, Numbered>();

  constructor(private readonly maxTopics: number) {}

  keep(updates: readonly Numbered[]): void {
    for (const stored of updates) {
      for (const topic of stored.update.topics) {
        this.byTopic.delete(topic);
        this.byTopic.set(topic, stored);
      }
    }
    for (const topic of this.byTopic.keys()) {
      if (this.byTopic.size <= this.maxTopics) break;
      this.byTopic.delete(topic);
    }
  }

  /** Those of some topics up to a number, in order, each once. */
  latest(topics: readonly string[], until: number): Numbered[] {
    const found = new Set<Numbered>();
    for (const topic of topics) {
      const stored = this.byTopic.get(topic);
      if (stored && stored.number <= until) found.add(stored);
    }
    return [...found].toSorted((one, other) => one.number - other.number);
  }
}
