package dev.roost.launcher.settings;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Which of the applications on the class path are meant: all of them, or those with these names.
 * Immutable.
 */
public final class Selection {

  static final String ALL = "all";
  private static final Selection EVERYTHING = new Selection(Optional.empty());

  private final Optional<Set<String>> names;

  private Selection(Optional<Set<String>> names) {
    this.names = names;
  }

  /** Whatever there is. */
  public static Selection all() {
    return EVERYTHING;
  }

  /** Those with these names and no other. */
  public static Selection of(Set<String> names) {
    return new Selection(Optional.of(Set.copyOf(names)));
  }

  /** Whether the application of this name is meant. */
  public boolean includes(String name) {
    return names.isEmpty() || names.get().contains(name);
  }

  /** The names that are asked for but not among these; none for {@link #all()}. */
  public Set<String> missing(Set<String> present) {
    var missing = new LinkedHashSet<>(names.orElse(Set.of()));
    missing.removeAll(present);
    return missing;
  }
}
