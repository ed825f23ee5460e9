/** Module-wide settings of `@Broadcast()`. */
export interface BroadcastDefaults {
  /** Nest tokens of the DataSources to follow. Default: every DataSource of the application. */
  dataSources?: readonly (string | symbol | (abstract new (...args: never[]) => object))[];
}
