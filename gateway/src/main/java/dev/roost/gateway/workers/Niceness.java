package dev.roost.gateway.workers;

import java.lang.invoke.MethodHandle;
import java.lang.reflect.Array;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a thread comes behind others of its process; for threads that wake no virtual ones, whose
 * carriers would inherit it.
 *
 * <p>A thread that is busy keeps its processor for some milliseconds although an event loop, which
 * would need it for microseconds, has something to do by then; the event loop has to wait, even if
 * another processor is idle.
 */
final class Niceness {

  private static final Logger log = LoggerFactory.getLogger(Niceness.class);

  /** About a tenth of the processor time that others get where all have enough to do. */
  private static final int STEP = 10;

  /** Of the C library. Java's own priorities would set the niceness of all threads. */
  private static final @Nullable MethodHandle NICE = find();

  private static final ThreadLocal<Boolean> LOWERED = ThreadLocal.withInitial(() -> false);

  private Niceness() {}

  /**
   * Has the calling platform thread come behind the process's others from now on: its niceness is
   * higher by 10. Once is as good as often; on other systems than Linux it has no effect.
   */
  static void lower() {
    if (NICE == null || LOWERED.get()) {
      return;
    }
    LOWERED.set(true);
    try {
      int unused = (int) NICE.invoke(STEP);
    } catch (Throwable failure) {
      log.debug("the niceness of a thread stays as it is", failure);
    }
  }

  /*
   * By reflection, because this is compiled for Java 21 and java.lang.foreign is part of 22. Only
   * Linux gives each thread a niceness of its own.
   */
  private static @Nullable MethodHandle find() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return null;
    }
    try {
      Class<?> linkers = foreign("Linker");
      Class<?> layouts = foreign("MemoryLayout");
      Class<?> functions = foreign("FunctionDescriptor");
      Object linker = linkers.getMethod("nativeLinker").invoke(null);
      Object library = linkers.getMethod("defaultLookup").invoke(linker);
      var nice =
          (Optional<?>)
              foreign("SymbolLookup").getMethod("find", String.class).invoke(library, "nice");
      Object number = foreign("ValueLayout").getField("JAVA_INT").get(null);
      Object numbers = Array.newInstance(layouts, 1);
      Array.set(numbers, 0, number);
      Object function =
          functions.getMethod("of", layouts, numbers.getClass()).invoke(null, number, numbers);
      Object options = Array.newInstance(foreign("Linker$Option"), 0);
      return (MethodHandle)
          linkers
              .getMethod("downcallHandle", foreign("MemorySegment"), functions, options.getClass())
              .invoke(linker, nice.orElseThrow(), function, options);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError failure) {
      log.debug("threads cannot be given a niceness", failure);
      return null;
    }
  }

  private static Class<?> foreign(String name) throws ClassNotFoundException {
    return Class.forName("java.lang.foreign." + name);
  }
}
