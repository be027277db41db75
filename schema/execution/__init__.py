"""From a document to an answer: cached, checked, priced, planned and executed, whatever transport it came by."""
