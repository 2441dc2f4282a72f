package dev.roost.gateway.transport;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** What a long-poll client posted, as messages or as the status that refuses it. */
sealed interface PublishedBody {

  /** One message. */
  @SuppressWarnings("ArrayRecordComponent") // read once, compared by nobody
  record Message(boolean binary, byte[] body) {}

  /** The messages in their order. */
  record Messages(List<Message> messages) implements PublishedBody {
    public Messages {
      messages = List.copyOf(messages);
    }
  }

  /** None of it is taken. */
  record Refused(int status) implements PublishedBody {}

  /** A line is neither JSON nor Base64 (G-57). */
  int BAD_REQUEST = 400;

  /** There are more lines than allowed (G-52). */
  int TOO_LARGE = 413;

  /**
   * Reads a body: as one text message or, if it is a batch, line by line. A line that begins with a
   * bracket is a text message, any other one Base64 of a binary one; empty lines are skipped
   * (G-51).
   */
  static PublishedBody read(byte[] body, boolean batch, int maxLines) {
    if (!batch) {
      return new Messages(List.of(new Message(false, body)));
    }
    var messages = new ArrayList<Message>();
    int start = 0;
    while (start < body.length) {
      int end = lineEnd(body, start);
      int length = end > start && body[end - 1] == '\r' ? end - 1 - start : end - start;
      if (length > 0) {
        if (messages.size() == maxLines) {
          return new Refused(TOO_LARGE);
        }
        byte[] line = Arrays.copyOfRange(body, start, start + length);
        if (line[0] == '[') {
          messages.add(new Message(false, line));
        } else {
          try {
            messages.add(new Message(true, Base64.getDecoder().decode(line)));
          } catch (IllegalArgumentException notBase64) {
            return new Refused(BAD_REQUEST);
          }
        }
      }
      start = end + 1;
    }
    return new Messages(messages);
  }

  private static int lineEnd(byte[] body, int start) {
    int end = start;
    while (end < body.length && body[end] != '\n') {
      end++;
    }
    return end;
  }
}
