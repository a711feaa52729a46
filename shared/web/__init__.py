"""The web shell that the five services share: sign-in, roles, pages, forms, exports and one look."""
