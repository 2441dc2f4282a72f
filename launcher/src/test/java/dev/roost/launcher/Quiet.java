package dev.roost.launcher;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;

/** An application without sockets and channels, beside the demo on the tests' class path. */
public final class Quiet implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("quiet");
  }
}
