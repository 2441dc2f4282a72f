package dev.roost.token.term;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A fixed row of values of the Phoenix application: {@code {:user, 7}} there is {@code Tuple.of(new
 * Symbol("user"), 7L)} here.
 *
 * @param elements in order, each a value that {@link Terms} knows
 */
public record Tuple(List<@Nullable Object> elements) {

  public Tuple {
    elements = Collections.unmodifiableList(new ArrayList<>(elements));
  }

  public static Tuple of(@Nullable Object... elements) {
    return new Tuple(Arrays.asList(elements));
  }

  /** How many elements there are. */
  public int size() {
    return elements.size();
  }

  /** Throws IndexOutOfBoundsException if there are not so many; the first is 0. */
  public @Nullable Object get(int index) {
    return elements.get(index);
  }
}
