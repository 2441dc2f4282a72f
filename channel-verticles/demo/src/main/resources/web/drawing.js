/**
 * What is on the board: lines in the order in which they were begun, as the board's channel tells
 * it, and over them the pieces of our own that are still on their way there and back.
 *
 * Points are x and y in turns, in thousandths of the board's width.
 */

export const WIDTH = 1000;
export const HEIGHT = 1250;
const LINE_WIDTH = 8;

export class Drawing {
  #lines = new Map(); // id → { id, ink, points, path }
  #points = 0;
  #maxPoints = Infinity;
  #maxLines = Infinity;
  #onTheWay = []; // pieces of our own, until the topic brings them back

  get lines() {
    return this.#lines.size;
  }

  /** The bounds that the server tells at the join: beyond them the oldest lines go, as they do there. */
  keep(maxPoints, maxLines) {
    this.#maxPoints = maxPoints;
    this.#maxLines = maxLines;
  }

  /** All lines, as they are sent to a board that has lost them. */
  picture() {
    return [...this.#lines.values()].map(({ id, ink, points }) => ({ id, ink, points }));
  }

  /** Shows another picture in place of this one. */
  show(lines) {
    this.clear();
    lines.forEach((line) => this.add(line));
  }

  clear() {
    this.#lines.clear();
    this.#points = 0;
  }

  /** Adds a piece that the topic brought: our own has arrived, and is on its way no more. */
  add({ id, ink, points }) {
    const arrived = this.#onTheWay.findIndex((piece) => piece.id === id);
    if (arrived >= 0) {
      this.#onTheWay.splice(arrived, 1);
    }
    const line = this.#lines.get(id) ?? { id, ink, points: [] };
    line.points.push(...points);
    line.path = null;
    this.#lines.set(id, line);
    this.#points += points.length / 2;
    for (const oldest of this.#lines.values()) {
      if (this.#points <= this.#maxPoints && this.#lines.size <= this.#maxLines) {
        break;
      }
      this.#lines.delete(oldest.id);
      this.#points -= oldest.points.length / 2;
    }
  }

  /** Shows a piece at once that is being sent. */
  send(piece) {
    this.#onTheWay.push(piece);
  }

  /** What was on its way when the channel was lost has arrived by now, or never will. */
  forgetSent() {
    this.#onTheWay = [];
  }

  /** @param {string[]} inks a colour for each ink; what has no colour here gets the first */
  paint(context, inks) {
    context.lineWidth = LINE_WIDTH;
    context.lineCap = context.lineJoin = "round";
    const stroke = (ink, path) => {
      context.strokeStyle = inks[ink] ?? inks[0];
      context.stroke(path);
    };
    for (const line of this.#lines.values()) {
      line.path ??= pathThrough(line.points);
      stroke(line.ink, line.path);
    }
    const unfinished = new Map();
    for (const { id, ink, points } of this.#onTheWay) {
      const line = unfinished.get(id) ?? {
        ink,
        points: this.#lines.get(id)?.points.slice(-2) ?? [],
      };
      line.points.push(...points);
      unfinished.set(id, line);
    }
    for (const { ink, points } of unfinished.values()) {
      stroke(ink, pathThrough(points));
    }
  }
}

/** A smooth line: curves from the middle of one piece to the middle of the next. */
function pathThrough(points) {
  const path = new Path2D();
  const [x, y] = points;
  path.moveTo(x, y);
  for (let i = 2; i + 3 < points.length; i += 2) {
    const [cx, cy, nx, ny] = points.slice(i, i + 4);
    path.quadraticCurveTo(cx, cy, (cx + nx) / 2, (cy + ny) / 2);
  }
  // A line of no length would not show: a single point gets enough of one for a dot.
  path.lineTo(points.at(-2) + (points.length === 2 ? 0.1 : 0), points.at(-1));
  return path;
}
