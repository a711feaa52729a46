"""What all five services stand on. It knows no service and no business rule."""
