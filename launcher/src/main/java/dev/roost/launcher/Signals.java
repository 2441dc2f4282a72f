package dev.roost.launcher;

import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The signals that ask a process to end. */
final class Signals {

  /*
   * Heard before the JVM makes its shutdown of them: that runs the hooks of everybody at once, and
   * the one of Vert.x deletes what pages are served from, at the beginning of a drain that goes on
   * serving. There is no other way than sun.misc.Signal, which javac warns of and which a JVM need
   * not have; so it is called by name, and without it a shutdown hook has to do.
   */
  private static final Logger log = LoggerFactory.getLogger(Signals.class);
  private static final List<String> NAMES = List.of("TERM", "INT", "HUP");

  private Signals() {}

  /** Runs this for each of the signals, on a thread of its own each time. */
  static void on(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      var run = MethodHandles.lookup().bind(action, "run", MethodType.methodType(void.class));
      Object running =
          MethodHandleProxies.asInterfaceInstance(
              handler, MethodHandles.dropArguments(run, 0, signal));
      for (String name : NAMES) {
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), running);
      }
    } catch (ReflectiveOperationException | IllegalArgumentException missing) {
      log.debug("signals are left to the JVM", missing);
    }
  }
}
