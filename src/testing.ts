export { type OverridesProviders, recordMercure } from './testing/record-mercure.js';
export { RecordingMercure } from './testing/recording-mercure.js';
export { type ContractRow, transportContract } from './testing/transport-contract.js';
export type {
  Ability,
  StoreBounds,
  TransactionUnderTest,
  TransportUnderTest,
} from './testing/transport-under-test.js';
