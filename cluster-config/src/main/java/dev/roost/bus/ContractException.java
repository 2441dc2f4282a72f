package dev.roost.bus;

/** Bytes on the bus that are not this version of the contract; nothing of them was acted upon. */
public final class ContractException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ContractException(String message) {
    super(message);
  }
}
