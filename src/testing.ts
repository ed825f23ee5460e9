export { type ContractRow, transportContract } from './testing/transport-contract.js';
export type {
  Ability,
  StoreBounds,
  TransactionUnderTest,
  TransportUnderTest,
} from './testing/transport-under-test.js';
