"""People whom no identifier connects, suggested by what their records say: name, address, birthday, gender."""
