"""Reports: sections of data first, and only then HTML, PDF or plain text."""
