/** Waits until the condition is true. If the condition does not become true in time, the error contains the result of `describe`. */
export async function until(what: string, isSo: () => boolean, withinMs = 20_000, describe: () => unknown = () => ''): Promise<void> {
  const end = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > end) {
      throw new Error(`Not within ${withinMs} ms: ${what}. ${JSON.stringify(describe())}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
