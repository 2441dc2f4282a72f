package dev.roost.it.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is on its way in a topic, and the order in which its members heard its broadcasts. */
final class TopicOrder {

  private final Set<Integer> broadcasters = new HashSet<>();
  private final Set<Integer> changing = new HashSet<>();
  private final Map<Integer, List<Integer>> heard = new HashMap<>();
  private boolean intercepts;

  void broadcast(int client) {
    broadcasters.add(client);
  }

  void intercept(int client) {
    broadcasters.add(client);
    intercepts = true;
  }

  /** The client joins, leaves, or its channel ends. */
  void changed(int client) {
    changing.add(client);
  }

  boolean changes(int client) {
    return changing.contains(client);
  }

  boolean isLooseOf(int client) {
    return broadcasters.contains(client);
  }

  boolean intercepts() {
    return intercepts;
  }

  /** Whether broadcasts may be on their way: its own count only if asked for. */
  boolean isLoose(int client, boolean ownToo) {
    return intercepts || broadcasters.stream().anyMatch(each -> ownToo || each != client);
  }

  /** Any two members hear what both hear in the same order. */
  void heard(int client, int number) {
    List<Integer> mine = heard.computeIfAbsent(client, each -> new ArrayList<>());
    mine.add(number);
    heard.forEach(
        (other, theirs) -> {
          var common = new ArrayList<>(mine);
          common.retainAll(theirs);
          var same = new ArrayList<>(theirs);
          same.retainAll(mine);
          if (!common.equals(same)) {
            throw new AssertionError(
                "client "
                    + client
                    + " heard broadcasts as "
                    + mine
                    + ", client "
                    + other
                    + " as "
                    + theirs);
          }
        });
  }

  void clear() {
    broadcasters.clear();
    changing.clear();
    heard.clear();
    intercepts = false;
  }
}
