/** Waits until something is so. Fails with what it looked like in the end. */
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
