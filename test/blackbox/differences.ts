/** Another hub, as BLACKBOX_REFERENCE names it. */
export type Reference = 'go-0.24.2' | 'go-1.0';

interface Difference {
  readonly hubs: readonly Reference[];
  readonly rows: readonly string[];
  readonly what: string;
}

const OLD: readonly Reference[] = ['go-0.24.2'];
const NEW: readonly Reference[] = ['go-1.0'];
const BOTH: readonly Reference[] = [...OLD, ...NEW];

/**
 * Rows in which a known hub is otherwise. Played against it they must fail: one that does not is a difference that is
 * no more. docs/protocol.md says who is right.
 */
export const DIFFERENCES: readonly Difference[] = [
  { hubs: BOTH, rows: ['A-15.1'], what: 'more than 1000 topics are 400' },
  { hubs: OLD, rows: ['A-15.2', 'A-15.3'], what: 'the body is limited to 10 MB, with 400' },
  { hubs: BOTH, rows: ['A-22.1'], what: 'a frame has no limit of its own' },
  { hubs: BOTH, rows: ['A-21.2'], what: 'a cursor has no limit' },
  { hubs: OLD, rows: ['A-21.6'], what: 'nor has an id' },
  { hubs: NEW, rows: ['A-21.5', 'A-2.10'], what: 'nor has a field of a publication' },
  { hubs: NEW, rows: ['A-21.3'], what: 'a cursor may hold control characters' },
  { hubs: OLD, rows: ['A-2.8'], what: 'a URI Template has no limit' },
  { hubs: NEW, rows: ['A-2.7'], what: 'a URL Pattern has the limit of any matcher, 4096 bytes' },
  { hubs: OLD, rows: ['A-3.35'], what: 'an unknown critical header field of a token is ignored' },
  { hubs: NEW, rows: ['A-3.5'], what: 'an unknown critical header field of a token is ignored' },
  { hubs: NEW, rows: ['A-3.28'], what: 'a payload may be any JSON' },
  { hubs: NEW, rows: ['A-14.1'], what: 'a stream that expires is cut: its last chunk is not sent' },
  { hubs: BOTH, rows: ['A-10.2'], what: 'a gap is told in headers alone' },
  {
    hubs: OLD,
    rows: ['A-9.10', 'A-9.13', 'A-9.15', 'A-10.1', 'A-10.3', 'A-21.1'],
    what: 'the cursor is answered in `Last-Event-ID` alone, and not at all where it was empty',
  },
  { hubs: OLD, rows: ['A-5.14'], what: 'a token in the query has one spelling' },
  { hubs: OLD, rows: ['A-9.4', 'A-9.5'], what: 'of the parameters only `lastEventID` is read' },
  { hubs: BOTH, rows: ['A-12.4'], what: 'pages may not read the cursor' },
  { hubs: OLD, rows: ['A-12.5'], what: 'pages may not read the cursor' },
  { hubs: OLD, rows: ['A-12.11'], what: '`*` allows credentials' },
  { hubs: BOTH, rows: ['A-16.1'], what: '405 says nothing of the methods there are' },
  { hubs: BOTH, rows: ['A-17.1'], what: 'a refusal tells no remedy' },
  { hubs: BOTH, rows: ['A-20.1'], what: 'a proxy may transform the stream' },
  { hubs: OLD, rows: ['A-5.11'], what: '401 has no challenge' },
  { hubs: BOTH, rows: ['B6-25', 'A-16.2'], what: 'there is no hub without a key for publishers' },
  { hubs: NEW, rows: ['B7-19'], what: 'the metadata does not name the types of matchers there are' },
  { hubs: NEW, rows: ['B7-21'], what: 'there is no hub without a key for publishers' },
];
