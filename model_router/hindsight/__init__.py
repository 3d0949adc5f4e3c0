"""Looking back: the event files read, filtered, explained, labelled, replayed and summarised, without a gateway."""
