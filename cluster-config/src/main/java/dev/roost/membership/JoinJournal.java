package dev.roost.membership;

import com.hazelcast.logging.LogEvent;
import com.hazelcast.logging.LogListener;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Hazelcast said while it looked for members. It tells why it joined nobody in its log only.
 * Safe for any thread.
 */
final class JoinJournal implements LogListener {

  private static final int MOST = 64;

  private static final Pattern OTHER_CLUSTER =
      Pattern.compile("could not join cluster at node: (\\S+) Cause: .*different cluster-name");
  private static final Pattern MISMATCH =
      Pattern.compile("A Configuration mismatch was detected: (.*?) Node is going to shutdown");
  private static final Pattern UNREACHABLE =
      Pattern.compile("Could not connect to: (\\S+?)\\. Reason: \\w+\\[(.*)]");
  private static final Pattern UNRESOLVED =
      Pattern.compile("DNS lookup for serviceDns '(.*)' failed");

  private final Set<String> otherClusters = Collections.synchronizedSet(new LinkedHashSet<>());
  private final Set<String> mismatches = Collections.synchronizedSet(new LinkedHashSet<>());
  private final Map<String, String> unreachable =
      Collections.synchronizedMap(new LinkedHashMap<>());
  private final Set<String> unresolved = Collections.synchronizedSet(new LinkedHashSet<>());

  @Override
  public void log(LogEvent event) {
    String text = event.getLogRecord().getMessage();
    if (text != null) {
      note(text);
    }
  }

  /** Takes one line of Hazelcast's log. */
  void note(String text) {
    Matcher other = OTHER_CLUSTER.matcher(text);
    Matcher mismatch = MISMATCH.matcher(text);
    Matcher silent = UNREACHABLE.matcher(text);
    Matcher nameless = UNRESOLVED.matcher(text);
    if (other.find() && otherClusters.size() < MOST) {
      otherClusters.add(address(other.group(1)));
    } else if (mismatch.find() && mismatches.size() < MOST) {
      mismatches.add(mismatch.group(1));
    } else if (silent.find() && unreachable.size() < MOST) {
      unreachable.put(address(silent.group(1)), silent.group(2));
    } else if (nameless.find() && unresolved.size() < MOST) {
      unresolved.add(nameless.group(1));
    }
  }

  private static String address(String text) {
    return text.substring(text.indexOf('/') + 1).replaceAll("^\\[(\\d[\\d.]*)]", "$1");
  }

  /** Addresses where a member of another cluster answered. */
  List<String> otherClusters() {
    return List.copyOf(otherClusters);
  }

  /** Why members refused this node. */
  List<String> mismatches() {
    return List.copyOf(mismatches);
  }

  /** Addresses where nobody answered, and why. */
  Map<String, String> unreachable() {
    return Map.copyOf(unreachable);
  }

  /** Whether a look-up of this name of a Kubernetes service failed. */
  boolean isUnresolved(String service) {
    return unresolved.contains(service);
  }
}
