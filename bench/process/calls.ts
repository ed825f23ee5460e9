/** What a child process can be asked for, by name. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers the calls of the parent process, and ends with it. */
export function answerCalls(handlers: Handlers): void {
  process.on('message', (call: Call) => void answer(call, handlers));
  process.once('disconnect', () => process.exit(0));
}

async function answer({ id, name, argument }: Call, handlers: Handlers): Promise<void> {
  try {
    const result = await handlers[name]!(argument as never);
    process.send!({ id, result } satisfies Reply);
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
