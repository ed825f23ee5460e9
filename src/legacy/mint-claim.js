import { selectorMatcher } from '../topic/selector.js';
/**
 * The selector that 0.x reads as what was meant; undefined where it has none: it knows a template by its braces, so
 * an exact topic with braces may be none, and it knows no URL Pattern.
 */
export function selectorFor(topic) {
    if (typeof topic === 'string')
        return topic === '*' || selectorMatcher(topic).type === 'exact' ? topic : undefined;
    const { template } = topic;
    if (template === undefined)
        return undefined;
    const { type } = selectorMatcher(template);
    // Without braces a template is an exact topic, which is the same.
    return type === 'template' || (type === 'exact' && !template.includes('{')) ? template : undefined;
}
/** The `mercure` claim (draft-dunglas-mercure-07, authorization). A role that was not asked for has no list. */
export function mercureClaim(publish, subscribe, payload) {
    return {
        mercure: {
            ...(publish && { publish }),
            ...(subscribe && { subscribe }),
            ...(payload !== undefined && { payload }),
        },
    };
}
//# sourceMappingURL=mint-claim.js.map