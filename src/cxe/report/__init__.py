"""The report: a static site of what is published, for leaders, analysts and auditors."""
