"""How long the Channel Access client waits, in seconds."""

#: For connections and for readings, where the user says nothing.
ANSWER_S = 5.0

#: From one search to the next: at first, and at most; between them it doubles.
FIRST_SEARCH_S, LAST_SEARCH_S = 0.03, 5.0

#: To open a TCP connection.
CONNECT_S = 5.0

#: From the loss of a PV to the search for it.
RETRY_S = 0.2

#: From one echo to the next; a server that is silent in between is given up.
ECHO_S = 15.0

#: Between looks at how far subscribers are behind.
LOOK_S = 0.01
