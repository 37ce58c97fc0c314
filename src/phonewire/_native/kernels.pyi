__all__ = ["available_isas", "compiled_isas", "isa"]

available_isas: tuple[str, ...]
compiled_isas: tuple[str, ...]
isa: str
