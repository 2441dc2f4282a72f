package dev.roost.application;

/**
 * Brings an application to a channel node that has its jar on the class path; found by {@link
 * java.util.ServiceLoader}. Has a public constructor without parameters.
 */
public interface ApplicationProvider {

  /**
   * The application to deploy; called once, at start. If it throws or returns null the node does
   * not start, and says so.
   */
  Application application();
}
