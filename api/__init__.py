"""The HTTP service: routes over one immutable snapshot."""
