package dev.roost.gateway.transport;

import dev.roost.bus.RawPayload;
import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Consumer;

/**
 * The body of a POST while it comes, counted until the request is answered. Used on the gateway's
 * context only.
 */
final class PostBody {

  private final HttpServerRequest http;
  private final int most;
  private final MessageBudget.Share share;
  private final Assembly body;
  private final Consumer<Outcome> next;
  private boolean over;

  /** What became of it. */
  sealed interface Outcome {

    /** It has come. */
    record Whole(RawPayload body) implements Outcome {}

    /** It is longer than it may be. */
    record TooLong() implements Outcome {}

    /** It could not be kept; a {@link NoRoomException} says that there is no room for it. */
    record Failed(Throwable cause) implements Outcome {}

    /** Its client has gone before. */
    record Left() implements Outcome {}
  }

  private PostBody(
      HttpServerRequest http, int most, MessageBudget.Share share, Consumer<Outcome> next) {
    this.http = http;
    this.most = most;
    this.share = share;
    this.body = new Assembly(share);
    this.next = next;
  }

  /**
   * Reads the body of a request, which has one outcome. What comes after that goes nowhere.
   *
   * @param most bytes of it
   */
  static void read(HttpServerRequest http, int most, MessageBudget budget, Consumer<Outcome> next) {
    var body = new PostBody(http, most, budget.share(), next);
    http.response().endHandler(ignored -> body.share.giveBack());
    http.response().closeHandler(ignored -> body.leave());
    http.handler(body::append);
    http.endHandler(ignored -> body.end());
    if (http.response().closed()) {
      body.leave(); // Nobody will tell.
    }
  }

  private void append(Buffer chunk) {
    if (over || http.response().closed()) {
      return;
    }
    if (body.length() + chunk.length() > most) {
      release();
      next.accept(new Outcome.TooLong());
      return;
    }
    try {
      body.append(Unpooled.wrappedBuffer(chunk.getBytes()));
    } catch (Throwable failure) { // Memory may have run out.
      release();
      next.accept(new Outcome.Failed(failure));
    }
  }

  private void end() {
    if (over || http.response().closed()) {
      return;
    }
    RawPayload whole;
    try {
      whole = RawPayload.binary(body.toBytes());
    } catch (Throwable failure) { // As above.
      release();
      next.accept(new Outcome.Failed(failure));
      return;
    }
    release();
    share.hold(whole.size());
    next.accept(new Outcome.Whole(whole));
  }

  private void leave() {
    if (over) {
      return;
    }
    release();
    next.accept(new Outcome.Left());
  }

  private void release() {
    over = true;
    body.release();
  }
}
