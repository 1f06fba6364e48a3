/**
 * Works on items of several parties: one at a time of each, and of up to `lanes` parties at once, so that nobody's slow
 * work keeps others waiting. Begins nothing more once `goOn` says no. An item that fails does not end its lane.
 */
export async function runInLanes<T>(
  items: readonly T[],
  { laneOf, lanes, goOn }: { laneOf: (item: T) => string; lanes: number; goOn: () => boolean },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const byLane = new Map<string, T[]>();
  for (const item of items) {
    const lane = byLane.get(laneOf(item));
    if (lane) lane.push(item);
    else byLane.set(laneOf(item), [item]);
  }
  const waiting = [...byLane.values()];
  const runner = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane; lane = waiting.shift())
      for (const item of lane) {
        if (!goOn()) return;
        await work(item);
      }
  };
  await Promise.all(Array.from({ length: lanes }, runner));
}
